// SessionCore: what is behind StdioSession. Split over session_calls.cpp (queue, sending, ends),
// session_deadlines.cpp, session_inbound.cpp (lines, answers), session_talk.cpp (what the connector
// says of its own accord), session_watch.cpp (subscriptions) and session_handshake.cpp (handshake,
// lists).
#pragma once

#include "runtime/session/attribution.hpp"
#include "runtime/session/catalogue_reader.hpp"
#include "runtime/session/envelope.hpp"
#include "runtime/session/failures.hpp"
#include "runtime/session/framing.hpp"
#include "runtime/session/listening.hpp"
#include "runtime/session/multiplexer.hpp"
#include "runtime/session/open_inputs.hpp"
#include "runtime/session/output_pipe.hpp"
#include "runtime/session/pending_call.hpp"
#include "runtime/session/session.hpp"

#include <boost/asio/steady_timer.hpp>
#include <optional>

namespace gatehouse::runtime {

class SessionCore : public std::enable_shared_from_this<SessionCore> {
  public:
    SessionCore(Executor executor, UniqueFd connector_stdin, UniqueFd connector_stdout,
                SessionOptions options, Session::Events events);
    ~SessionCore();

    // --- session_inbound.cpp
    static Task<Error> read_until_end(std::shared_ptr<SessionCore> core);

    // --- session_calls.cpp
    static Task<CallReply> perform(std::shared_ptr<SessionCore> core,
                                   std::shared_ptr<ConnectorCall> call, Lane lane);
    void cancel(PendingCall& pending, std::string_view reason);
    // Unlinks a call whose coroutine frame is being destroyed.
    void forget(PendingCall& pending);
    void close_stdin();
    void end(const Error& reason);
    SessionCounters& counters();
    std::vector<CallInFlight> calls_in_flight(std::size_t max) const;
    std::vector<CallId> call_ids(std::size_t max) const;

    void stop();

    // --- session_handshake.cpp
    static Task<Result<Catalogue>> handshake(std::shared_ptr<SessionCore> core,
                                             std::chrono::milliseconds startup);
    static Task<Result<Catalogue>> refresh_all(std::shared_ptr<SessionCore> core, SteadyTime until);
    static Task<Result<Catalogue>> refresh_one(std::shared_ptr<SessionCore> core, ListKind kind,
                                               SteadyTime until);
    static Task<bool> ping(std::shared_ptr<SessionCore> core, SteadyTime until);

    // --- session_watch.cpp
    static Task<CallReply> watch(std::shared_ptr<SessionCore> core, std::string uri,
                                 std::chrono::milliseconds deadline);
    void unwatch(const std::string& uri);
    void tell_roots_changed();

  private:
    // --- session_calls.cpp
    void submit(PendingCall& pending);
    bool may_send_now(const PendingCall& pending) const;
    void send(PendingCall& pending);
    void send_queued();
    std::uint64_t send_unawaited(const ConnectorCall& call);
    void ignore_answer(std::uint64_t id);
    void write_request(const ConnectorCall& call, std::uint64_t id);
    void finish(PendingCall& pending, CallEnd how, Error failure);
    void detach(PendingCall& pending);
    void abandon(const PendingCall& pending, std::string_view reason);
    void fail_unanswered(PendingCall& pending, const Error& reason);
    void fail_unsent(const Error& reason);
    void tell_cancelled(std::uint64_t id, std::string_view reason);

    // --- session_deadlines.cpp
    bool await_late_answer(std::uint64_t id, bool ends_by_itself, std::string_view reason);
    void arm_patience_timer();
    void accept_late_answer(std::uint64_t id);
    void set_deadline(PendingCall& pending, SteadyTime deadline);
    void arm_deadline_timer();
    void expire_due_calls();
    failures::SlotsTaken slots_taken(const PendingCall& waiting) const;
    void expire(PendingCall& pending);
    void rest_deadline(PendingCall& pending);
    void resume_deadline(PendingCall& pending);

    // --- session_inbound.cpp
    void accept_line(const Line& line);
    void accept_oversize(const Line& line);
    void accept_broken(const Line& line, const Error& problem);
    void accept_response(const Envelope& envelope, const Line& line);
    void accept_unexpected(std::string_view raw_id);
    void accept_stray(std::string_view text);
    void drain_lines();
    void watch_unended_line();
    void end_unended_line();

    // --- session_talk.cpp
    struct Attributed {
        Belongs belongs = Belongs::to_nobody;
        PendingCall* call = nullptr; // set if it belongs to one
    };
    Attributed attribute() const;
    void accept_request(const Envelope& envelope);
    void accept_input(const Envelope& envelope);
    void open_input(const Envelope& envelope, PendingCall* pending);
    void settle_input(std::uint64_t serial, std::string_view result, std::string_view error);
    void withdraw_named(std::string_view raw_id);
    void withdraw_inputs_of(PendingCall& pending);
    void release_input(const OpenInput<PendingCall>& input);
    void accept_notification(const Envelope& envelope);
    void accept_progress(std::string_view params);
    void accept_log(std::string_view params);
    void accept_cancelled(std::string_view params);
    void accept_notice(std::string_view method, std::string_view params);

    // --- session_watch.cpp
    void listen_again();
    void stop_listening();
    void accept_acknowledged(std::string_view params);
    void finish_listen(std::uint64_t id, std::string_view params);
    bool stream_ended(std::uint64_t id);
    bool from_dead_stream(std::string_view params) const;
    void want_log_level(const ConnectorCall& call);
    static Task<CallReply> watch_modern(std::shared_ptr<SessionCore> core, std::string uri,
                                        std::chrono::milliseconds deadline);

    // --- session_handshake.cpp
    static Task<CallReply> ask(std::shared_ptr<SessionCore> core, std::string method,
                               std::string params, SteadyTime until);
    static AskConnector asker(std::shared_ptr<SessionCore> core, SteadyTime until);
    static Task<Result<Catalogue>> introduce(std::shared_ptr<SessionCore> core,
                                             std::chrono::milliseconds startup);
    static Task<Result<Catalogue>> initialize(std::shared_ptr<SessionCore> core, SteadyTime until);
    static Task<CallReply> discover(std::shared_ptr<SessionCore> core, SteadyTime until);
    bool ended_by_itself(const CallReply& reply) const;
    bool ended_for_violation() const { return end_reason_ && end_reason_->code == "GH-M402"; }
    void note_introduction(const Catalogue& introduction);

    Executor executor_;
    SessionOptions options_;
    Session::Events events_;
    SessionCounters counters_;
    std::shared_ptr<OutputPipe> output_;
    asio::posix::stream_descriptor input_;
    bool input_enlarged_ = false;
    Framer framer_;
    std::optional<Error> end_reason_;
    bool stopped_ = false; // by the gateway

    Multiplexer<PendingCall> in_flight_;
    bool exclusive_in_flight_ = false;
    AbandonedCalls abandoned_;
    boost::unordered_flat_set<std::uint64_t> unawaited_; // whose answers nobody needs
    CallQueue queue_;
    std::size_t queued_bytes_ = 0;
    DeadlineOrder deadlines_;
    asio::steady_timer deadline_timer_;
    SteadyTime armed_for_ = SteadyTime::max();
    asio::steady_timer patience_timer_; // for the answers of abandoned calls
    bool patience_armed_ = false;
    asio::steady_timer unended_timer_; // for the end of a line that is too long
    std::uint64_t unended_watched_ = 0;

    Era era_ = Era::legacy; // modern also while the connector is probed
    std::string meta_;      // of the request being written; kept for its memory
    Catalogue introduction_;
    Catalogue catalogue_; // the introduction with its lists, as last read
    OpenInputs<PendingCall> inputs_;
    bool input_seen_ = false;
    Listening listening_;
    bool takes_log_level_ = false;
    std::optional<int> log_severity_set_; // the least that the connector was asked for
};

template <class Handler>
void ParkCall::operator()(Handler&& handler) const {
    PendingCall* const call_waiting = pending;
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected()) {
        slot.assign([call_waiting](asio::cancellation_type) {
            call_waiting->core.cancel(*call_waiting, "the caller went away");
        });
    }
    using Stored = ParkedHandler<std::decay_t<Handler>>;
    call_waiting->parked = std::make_unique<Stored>(std::forward<Handler>(handler));
}

} // namespace gatehouse::runtime
