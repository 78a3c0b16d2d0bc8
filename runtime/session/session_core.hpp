// SessionCore: what is behind Session. Split over session_calls.cpp (queue, deadlines, ends),
// session_inbound.cpp (lines from the connector) and session_handshake.cpp (handshake, tools).
#pragma once

#include "runtime/session/envelope.hpp"
#include "runtime/session/framing.hpp"
#include "runtime/session/multiplexer.hpp"
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

    // --- session_handshake.cpp
    static Task<Result<Catalogue>> handshake(std::shared_ptr<SessionCore> core, SteadyTime until);
    static Task<Result<Catalogue>> list_tools(std::shared_ptr<SessionCore> core, SteadyTime until);
    static Task<bool> ping(std::shared_ptr<SessionCore> core, SteadyTime until);

  private:
    // --- session_calls.cpp
    void submit(PendingCall& pending);
    bool may_send_now() const;
    void send(PendingCall& pending);
    void send_queued();
    void finish(PendingCall& pending, CallEnd how, Error failure);
    void detach(PendingCall& pending);
    void fail_unanswered(PendingCall& pending, const Error& reason);
    void fail_unsent(const Error& reason);
    void tell_cancelled(const PendingCall& pending, std::string_view reason);
    void arm_deadline_timer();
    void expire_due_calls();
    void expire(PendingCall& pending);

    // --- session_inbound.cpp
    void accept_line(const Line& line);
    void accept_oversize(const Line& line);
    void accept_broken(const Line& line, const Error& problem);
    void accept_response(const Envelope& envelope, const Line& line);
    void accept_request(const Envelope& envelope);
    void accept_notification(const Envelope& envelope);
    void accept_stray(std::string_view text);
    void drain_lines();

    // --- session_handshake.cpp
    static Task<CallReply> ask(std::shared_ptr<SessionCore> core, std::string method,
                               std::string params, SteadyTime until);
    Result<void> note_initialize_answer(std::string_view result);

    Executor executor_;
    SessionOptions options_;
    Session::Events events_;
    SessionCounters counters_;
    std::shared_ptr<OutputPipe> output_;
    asio::posix::stream_descriptor input_;
    bool input_enlarged_ = false;
    Framer framer_;
    std::optional<Error> end_reason_;

    Multiplexer<PendingCall> in_flight_;
    CallQueue queue_;
    std::size_t queued_bytes_ = 0;
    DeadlineOrder deadlines_;
    asio::steady_timer deadline_timer_;
    SteadyTime armed_for_ = SteadyTime::max();

    Catalogue introduction_; // the answer to initialize, without tools
    bool offers_tools_ = false;
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
