// ProcessSlot: the doer for one instance at a time of a connector that is a child process. Its
// driver performs the action of the lifecycle state, turns the end of the action into the next
// event, and so on; everything else (calls, verbs, status) only leaves wishes and waits for
// changes. One event loop.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/task_group.hpp"
#include "runtime/connector_directory.hpp"
#include "runtime/credential_source.hpp"
#include "runtime/health/call_window.hpp"
#include "runtime/health/health.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/supervisor/backoff.hpp"
#include "runtime/supervisor/change_signal.hpp"
#include "runtime/supervisor/exit_class.hpp"
#include "runtime/supervisor/instance.hpp"
#include "runtime/supervisor/lifecycle.hpp"
#include "runtime/supervisor/start_slots.hpp"
#include "runtime/supervisor/supervisor.hpp"
#include "runtime/supervisor/uid_registry.hpp"
#include "sandbox/launcher.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace gatehouse::runtime {

// What all connectors share. Everything referred to outlives them.
struct ConnectorHost {
    Executor executor;
    const Clock& clock;
    sandbox::Launcher& launcher;
    CredentialSource& credentials;
    TaskGroup& tasks;
    StartSlots& slots;
    UidRegistry* uids = nullptr; // null for a daemon of an ordinary user
    std::filesystem::path state_folder;
    std::uint64_t frame_max_bytes = 16ULL << 20; // the longest message a connector may send
    std::function<InstanceId()> next_instance_id;
    std::function<double()> chance; // uniform in [0, 1)
};

class ProcessSlot {
  public:
    // `log` may be null if it could not be opened; the lines then go nowhere.
    ProcessSlot(ConnectorHost& host, ConnectorSpec spec, ConnectorLog* log);
    ~ProcessSlot();

    // The driver; returns after shut_down() when no process is left (or it is stuck).
    Task<void> run();
    // Stops for the end of the daemon: drains, then ends the instance. Idempotent.
    void shut_down();

    // Verbs. Each completes when its post-condition holds, or says what remains.
    Task<Result<void>> start();
    Task<Result<void>> stop();
    Task<Result<void>> restart();
    void secret_changed();

    Task<CallReply> call(std::shared_ptr<ConnectorCall> call);
    Task<Result<std::shared_ptr<const Catalogue>>> catalogue(milliseconds deadline);
    std::shared_ptr<const Catalogue> known_catalogue() const { return catalogue_; }

    const ConnectorSpec& spec() const { return spec_; }
    ConnectorStatus status() const;

  private:
    // process_slot_steps.cpp, process_slot_stop.cpp, process_slot_end.cpp: the actions of the
    // lifecycle.
    Task<std::optional<LifecycleEvent>> perform(LifecycleAction action);
    Task<LifecycleEvent> take_slot();
    LifecycleEvent prepare();
    Task<LifecycleEvent> launch();
    Task<LifecycleEvent> shake_hands();
    Task<LifecycleEvent> serve();
    Task<LifecycleEvent> drain();
    Task<LifecycleEvent> close_stdin();
    Task<LifecycleEvent> send_term();
    Task<LifecycleEvent> kill_tree();
    Task<LifecycleEvent> classify();
    Task<LifecycleEvent> wait_backoff();
    Task<std::optional<LifecycleEvent>> rest();
    Task<std::optional<LifecycleEvent>> watch_tree();
    Task<bool> tree_gone_within(milliseconds deadline);
    Task<void> end_readers();
    Result<sandbox::LaunchPlan> make_launch_plan();
    void begin_instance(std::unique_ptr<sandbox::ChildProcess> child);
    Session::Events session_events(const std::shared_ptr<Instance>& instance);
    LifecycleEvent became_ready();
    LifecycleEvent start_failed(Error why);
    LifecycleEvent settle(const EndClass& end);
    LifecycleEvent settle_failure(const Error& cause);
    void advance(LifecycleEvent event);

    // process_slot_watch.cpp: the coroutines beside the driver, in the host's task group.
    Task<void> watch_child(std::shared_ptr<Instance> instance);
    Task<void> run_session(std::shared_ptr<Instance> instance);
    Task<void> run_stderr(std::shared_ptr<Instance> instance);
    Task<void> run_handshake(std::shared_ptr<Instance> instance);
    Task<void> refresh_catalogue(std::shared_ptr<Instance> instance);
    void log_line(LogStream stream, InstanceId instance, std::string_view line);
    void tell(std::string_view line); // in the supervisor's stream

    // process_slot_calls.cpp
    enum class Patience { no_backoff, short_backoff }; // whether a short backoff is waited out
    Task<Result<std::shared_ptr<Instance>>> wait_ready(std::shared_ptr<ConnectorCall> call,
                                                       milliseconds max, Patience patience);
    Task<CallReply> call_instance(std::shared_ptr<Instance> instance,
                                  std::shared_ptr<ConnectorCall> call);
    Task<CallReply> call_now(std::shared_ptr<Instance> instance,
                             std::shared_ptr<ConnectorCall> call);
    Task<CallReply> call_when_ready(std::shared_ptr<ConnectorCall> call, int attempt);
    std::optional<Error> refusal(Patience patience) const;
    bool serves_now() const;
    void wake_for_call();
    void ask_start();
    void ask_stop(StopReason reason);
    bool stop_asked() const;
    CallReply refused(Error failure) const;
    void count_call(const CallReply& reply);
    Task<Result<void>> wait_started(InstanceId earlier);

    // process_slot_status.cpp
    HealthFacts health_facts() const;
    HealthPhase health_phase() const;

    ConnectorHost& host_;
    const ConnectorSpec spec_;
    ConnectorLog* log_;
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

    std::optional<sandbox::LaunchPlan> plan_;
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
    std::uint64_t seen_dropped_ = 0;
    std::uint64_t stray_lines_ = 0; // of earlier instances too
    std::uint64_t unknown_ids_ = 0; // of earlier instances
    CallWindow call_window_;
    std::uint64_t calls_total_ = 0;
    std::uint64_t calls_failed_ = 0;
    std::uint64_t waiting_calls_ = 0;
    int restarts_total_ = 0;
    std::string last_exit_;
};

} // namespace gatehouse::runtime
