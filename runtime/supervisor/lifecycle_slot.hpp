// LifecycleSlot: what all slots have in common, whatever their instances are made of. Its driver
// performs the action of the lifecycle state, turns the end of the action into the next event, and
// so on; everything else (calls, verbs, status) only leaves wishes and waits for changes. The
// deriving class launches an instance and ends it. One event loop.
#pragma once

#include "runtime/health/call_window.hpp"
#include "runtime/health/downstream_evidence.hpp"
#include "runtime/health/health.hpp"
#include "runtime/health/text_evidence.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/supervisor/backoff.hpp"
#include "runtime/supervisor/change_signal.hpp"
#include "runtime/supervisor/connector_host.hpp"
#include "runtime/supervisor/exit_class.hpp"
#include "runtime/supervisor/instance.hpp"
#include "runtime/supervisor/instance_slot.hpp"
#include "runtime/supervisor/lifecycle.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace gatehouse::runtime {

// What a slot is made with.
struct SlotInputs {
    ConnectorHost& host;
    const ConnectorSpec& spec; // outlives the slot
    ConnectorLog* log;         // null if it could not be opened; the lines then go nowhere
    SlotOptions options;
    InstanceSlot::Events events;
};

class LifecycleSlot : public InstanceSlot, public std::enable_shared_from_this<LifecycleSlot> {
  public:
    explicit LifecycleSlot(SlotInputs inputs);
    ~LifecycleSlot() override;

    Task<void> run() override;
    void shut_down() override;
    void begin_stopped() override { off_ = true; }
    Task<Result<void>> start() override;
    Task<Result<void>> stop() override;
    Task<Result<void>> restart() override;
    void secret_changed() override;
    void inputs_changed() override;

    Task<CallReply> call(std::shared_ptr<ConnectorCall> call) override;
    Task<Result<std::shared_ptr<const Catalogue>>> catalogue(milliseconds deadline) override;
    Task<void> refresh(ListKind kind, milliseconds deadline) override;
    std::shared_ptr<const Catalogue> known_catalogue() const override { return catalogue_; }
    Task<CallReply> watch_resource(std::string uri) override;
    void unwatch_resource(const std::string& uri) override;
    void roots_changed() override;

    ConnectorStatus status() const override;
    HealthFacts facts() const override;
    std::uint64_t active_calls() const override;
    bool serves_now() const override;
    bool resting() const override { return is_resting(state_); }
    bool asleep() const override;

  protected:
    // --- What differs. Secrets and the rest of what a launch needs; an error is permanent until an
    // input changes.
    virtual Result<void> prepare_launch() = 0;
    // Makes the instance and hands it to adopt(); on error nothing of it is left.
    virtual Task<Result<void>> launch_instance() = 0;
    // Before the handshake: until it can be spoken to, at most `deadline`.
    virtual Task<Result<void>> reach(std::shared_ptr<Instance> instance, milliseconds deadline);
    // Tells the connector that it may end by itself.
    virtual void end_politely(Instance& instance) = 0;
    // How long the polite end may take before the next step.
    virtual milliseconds polite_wait() const = 0;
    // Whether nothing more will come of it, though the instance is still there.
    virtual bool polite_end_done(const Instance&) const { return false; }
    // Whether it stays down when its restart budget is used up.
    virtual bool gives_up() const { return true; }
    virtual void terminate(Instance& instance) = 0;
    virtual void kill(Instance& instance) = 0;
    // For an instance of which nothing is left.
    virtual EndClass judge_end(const Instance& instance, const EndContext& context) const = 0;
    virtual std::string end_text(const Instance& instance) const = 0;
    virtual ExitEvidence exit_of(const Instance& instance) const = 0;
    // What one that answers no probe any more did not do.
    virtual Error silence_error(const Instance& instance) const = 0;
    virtual std::string what() const = 0; // what is launched, for the log

    void adopt(const std::shared_ptr<Instance>& instance);
    std::shared_ptr<Instance> new_instance();
    SessionOptions session_options(Instance& instance) const;
    Session::Events session_events(const std::shared_ptr<Instance>& instance);
    // Runs a coroutine beside the driver, in the host's task group; it keeps the slot alive.
    void beside(const char* what, Task<void> work);
    Task<void> run_capture(std::shared_ptr<Instance> instance, StderrCapture& capture);
    void log_line(LogStream stream, InstanceId instance, std::string_view line);
    LogContext log_context(InstanceId instance) const;
    // For lines that go to the log by another way.
    void note_output(InstanceId instance, std::string_view line);
    void note_dropped();
    void tell(std::string_view line); // in the supervisor's stream
    void tell_probe(std::string_view line);
    void changed();
    Task<void> wait_for_change(milliseconds max) { return changed_.wait_for(max); }
    ConnectorHost& host() { return host_; }
    const ConnectorHost& host() const { return host_; }
    const ConnectorSpec& spec() const { return spec_; }
    const SlotOptions& options() const { return options_; }
    ConnectorLog* connector_log() { return log_; }

  private:
    // lifecycle_slot_steps.cpp, lifecycle_slot_stop.cpp, lifecycle_slot_end.cpp: the actions of the
    // lifecycle.
    Task<std::optional<LifecycleEvent>> perform(LifecycleAction action);
    Task<LifecycleEvent> take_slot();
    LifecycleEvent prepare();
    Task<LifecycleEvent> launch();
    Task<LifecycleEvent> shake_hands();
    Task<LifecycleEvent> serve();
    Task<LifecycleEvent> drain();
    Task<LifecycleEvent> close_session();
    Task<LifecycleEvent> send_term();
    Task<LifecycleEvent> kill_instance();
    Task<LifecycleEvent> classify();
    Task<LifecycleEvent> wait_backoff();
    Task<std::optional<LifecycleEvent>> rest();
    Task<std::optional<LifecycleEvent>> watch_stuck();
    Task<bool> gone_within(milliseconds deadline);
    Task<void> end_readers();
    static void stop_reading(Instance& instance);
    Task<void> note_handshake_failure(std::shared_ptr<Instance> instance);
    EndContext end_context();
    void record_crash(const Instance& instance, const Error& cause);
    void record(EventKind kind, std::string to, std::optional<Error> cause, std::string text);
    void record_state(InstanceState before);
    bool kept_warm() const;
    LifecycleEvent became_ready();
    LifecycleEvent start_failed(Error why);
    LifecycleEvent settle(const EndClass& end, StopReason why);
    LifecycleEvent settle_failure(const Error& cause);
    void advance(LifecycleEvent event);

    // lifecycle_slot_watch.cpp: the coroutines beside the driver.
    static Task<void> keep_alive(std::shared_ptr<LifecycleSlot> self, Task<void> work);
    void note_violation(Instance& instance);
    Task<void> run_session(std::shared_ptr<Instance> instance);
    Task<void> run_handshake(std::shared_ptr<Instance> instance);
    Task<void> read_stale_lists(std::shared_ptr<Instance> instance);
    Task<bool> read_list(std::shared_ptr<Instance> instance, ListKind kind, milliseconds deadline);
    static bool lists_differ(const Catalogue& before, const Catalogue& after, ListKind kind);
    void replace_catalogue(std::shared_ptr<const Catalogue> catalogue);
    void note_news(std::optional<WallTime>& last);

    // lifecycle_slot_probe.cpp
    void begin_probes(Instance& instance);
    // Starts what is due; when the next is.
    SteadyTime start_due_probes(const std::shared_ptr<Instance>& instance);
    Task<void> probe_liveness(std::shared_ptr<Instance> instance);
    void settle_liveness(Instance& instance, LivenessVerdict before);
    void ask_lists(Instance& instance);
    Task<void> probe_deep(std::shared_ptr<Instance> instance);
    void settle_deep(const CallReply& reply);
    LivenessSample sample(Instance& instance);
    const SampledUse& use_of(Instance& instance, milliseconds max_age) const;
    void note_load(const Instance& instance);

    // lifecycle_slot_calls.cpp
    enum class Patience { no_backoff, short_backoff }; // whether a short backoff is waited out
    Task<Result<std::shared_ptr<Instance>>> wait_ready(std::shared_ptr<ConnectorCall> call,
                                                       SteadyTime deadline, Patience patience);
    enum class Try { first, last };
    Task<CallReply> call_now(std::shared_ptr<Instance> instance,
                             std::shared_ptr<ConnectorCall> call);
    Task<CallReply> call_when_ready(std::shared_ptr<ConnectorCall> call, int attempt,
                                    SteadyTime until);
    std::optional<Error> refusal(Patience patience, SteadyTime until = {}) const;
    void wake_for_call();
    void ask_start();
    void ask_stop(StopReason reason);
    void leave_wrong();
    bool stop_asked() const;
    CallReply refused(Error failure) const;

    // lifecycle_slot_told.cpp
    struct Attempt {
        Try which = Try::first;
        SteadyTime::duration age{0}; // of the call, when it ended
    };
    Task<CallReply> call_instance(std::shared_ptr<Instance> instance,
                                  std::shared_ptr<ConnectorCall> call, Try which);
    static bool hit_by_end(const CallReply& reply, const Instance& instance);
    bool may_repeat(const CallReply& reply, const ConnectorCall& call,
                    const Instance& instance) const;
    Task<void> await_cause(std::shared_ptr<Instance> instance, std::string code);
    static void tell_cause(const Instance& instance, CallReply& reply);
    void note_unanswered(Instance& instance, const ConnectorCall& call, const CallReply& reply,
                         Attempt attempt) const;

    // lifecycle_slot_evidence.cpp
    void count_call(const ConnectorCall& call, const CallReply& reply, SteadyTime began);
    void count_answer(const CallReply& reply);
    void count_failure(const CallReply& reply, std::chrono::microseconds took);
    void note_refusal();
    std::optional<HeldBack> held_back(const ConnectorCall& call);
    static Task<CallReply> answer_held(HeldBack held);
    void facts_changed();
    Task<Result<void>> wait_started(InstanceId earlier);

    // lifecycle_slot_status.cpp
    DeepProbeFacts deep_facts() const;
    void add_instance(ConnectorStatus& status) const;
    HealthPhase health_phase() const;

    ConnectorHost& host_;
    const ConnectorSpec& spec_;
    ConnectorLog* log_;
    const SlotOptions options_;
    const Events events_;
    Backoff backoff_;
    ChangeSignal changed_;

    InstanceState state_ = InstanceState::pending;
    WallTime phase_since_;
    bool begun_ = false;
    bool shutting_down_ = false;
    bool off_ = false;          // stopped on purpose: calls do not wake it
    bool start_wanted_ = false; // taken by the next state that can start
    bool idle_wanted_ = false;  // an input changed: leave misconfigured or failed
    StopReason stop_reason_ = StopReason::none;
    std::optional<Error> reason_error_;

    std::optional<Error> launch_error_;
    std::shared_ptr<Instance> instance_;
    bool slot_held_ = false;
    SteadyTime next_attempt_;
    SteadyTime last_call_;
    std::shared_ptr<const Catalogue> catalogue_;

    std::optional<Error> last_failure_;
    std::optional<WallTime> last_failure_at_;
    std::deque<WallTime> failures_;
    std::optional<WallTime> last_stray_at_;
    std::optional<WallTime> last_log_drop_at_;
    std::optional<WallTime> calls_failing_since_;
    std::optional<WallTime> last_answer_at_;
    std::optional<Error> last_call_error_;
    std::optional<DatedCause> quarantine_;
    std::optional<WallTime> over_slo_since_;
    std::optional<WallTime> memory_high_since_;
    DeepProbeFacts deep_;
    TextEvidence text_evidence_;
    std::optional<SteadyTime> credential_trial_; // the last call in spite of a refused credential
    int violations_ = 0;                         // of the sandbox, by earlier instances
    std::uint64_t seen_dropped_ = 0;
    std::uint64_t stray_lines_ = 0; // of earlier instances too
    std::uint64_t unknown_ids_ = 0; // of earlier instances
    CallWindow call_window_;
    DownstreamEvidence evidence_;
    std::optional<WallTime>
        downstream_since_; // starts fail since then because of what is elsewhere
    std::uint64_t calls_total_ = 0;
    std::uint64_t calls_failed_ = 0;
    std::uint64_t waiting_calls_ = 0;
    int restarts_total_ = 0;
    std::string last_exit_;
    std::optional<ExitEvidence> exit_; // of the last unasked end
    std::uint64_t exit_cursor_ = 0;    // seq of its last log record
};

} // namespace gatehouse::runtime
