#include "runtime/session/failures.hpp"
#include "runtime/session/request_meta.hpp"
#include "runtime/session/request_text.hpp"
#include "runtime/session/session_core.hpp"
#include "runtime/session/utf8_check.hpp"

#include <boost/system/system_error.hpp>

namespace gatehouse::runtime {

namespace {

// Calls stay in the queue while this much is written and not read by the connector: what is in the
// queue can still be given up as never sent.
constexpr std::size_t backlog_pause_bytes = 1ULL << 20;
// All that waits to be written, in the queue or after it.
constexpr std::size_t waiting_max_bytes = 64ULL << 20;
// Answers that are known not to matter; a connector that owes more of them does not answer.
constexpr std::size_t unawaited_max_count = 1024;

} // namespace

PendingCall::~PendingCall() {
    if (submitted && !done) {
        core.forget(*this);
    }
}

Task<CallReply> SessionCore::perform(std::shared_ptr<SessionCore> core,
                                     std::shared_ptr<ConnectorCall> call, Lane lane) {
    PendingCall pending(*core, *call, lane);
    core->submit(pending);
    if (!pending.done) {
        try {
            auto answered = asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
                ParkCall{&pending}, asio::use_awaitable);
            co_await std::move(answered);
        } catch (const boost::system::system_error&) {
            // The caller was cancelled before it could wait.
            core->cancel(pending, "the caller went away");
        }
    }
    co_return std::move(pending.reply);
}

void SessionCore::submit(PendingCall& pending) {
    if (pending.lane == Lane::shared) {
        ++counters_.calls;
    }
    pending.submitted = true;
    if (end_reason_ || output_->closed()) {
        const Error reason = end_reason_ ? *end_reason_ : failures::stdin_closed();
        finish(pending, CallEnd::never_sent, failures::never_sent(reason));
        return;
    }
    if (pending.call.cancelled()) {
        finish(pending, CallEnd::cancelled, failures::cancelled(*pending.call.cancelled()));
        return;
    }
    const std::size_t waiting_bytes = queued_bytes_ + output_->backlog_bytes();
    const bool at_once = pending.lane != Lane::shared || (queue_.empty() && may_send_now(pending));
    if (waiting_bytes > 0 && waiting_bytes + pending.call.params.size() > waiting_max_bytes) {
        finish(pending, CallEnd::never_sent, failures::queue_full(counters_.queued));
        return;
    }
    if (!at_once && counters_.queued >= options_.queue_max_count) {
        finish(pending, CallEnd::never_sent, failures::queue_full(counters_.queued));
        return;
    }
    pending.call.set_cancel_handler(
        [waiting = &pending] { waiting->core.cancel(*waiting, *waiting->call.cancelled()); });
    set_deadline(pending, std::chrono::steady_clock::now() + pending.call.deadline);
    if (at_once) {
        send(pending);
    } else {
        queue_.push_back(pending);
        ++counters_.queued;
        queued_bytes_ += pending.call.params.size();
    }
}

// An exclusive call at the head of the queue holds up those behind it: they do not overtake it.
bool SessionCore::may_send_now(const PendingCall& pending) const {
    if (pending.exclusive && abandoned_.awaited()) {
        return false; // what it would be asked now could be about the abandoned call
    }
    const int others_max = pending.exclusive ? 1 : options_.concurrency;
    return !exclusive_in_flight_ && counters_.in_flight < static_cast<std::uint64_t>(others_max) &&
           output_->backlog_bytes() < backlog_pause_bytes;
}

void SessionCore::send(PendingCall& pending) {
    if (pending.lane == Lane::shared) {
        ++counters_.in_flight;
        exclusive_in_flight_ = pending.exclusive;
        if (!pending.call.log_level.empty()) {
            want_log_level(pending.call);
        }
    }
    pending.upstream_id = in_flight_.add(pending);
    pending.output_position = output_->appended_bytes();
    if (pending.lane == Lane::listen) {
        listening_.opened(pending.upstream_id, std::chrono::steady_clock::now());
    }
    write_request(pending.call, pending.upstream_id);
}

void SessionCore::write_request(const ConnectorCall& call, std::uint64_t id) {
    RequestText request;
    request.id = id;
    request.method = call.method;
    request.params = call.params;
    request.with_progress_token = call.on_progress != nullptr;
    if (era_ == Era::modern) {
        meta_.clear();
        append_modern_meta(call, meta_);
        request.meta = meta_;
    }
    append_request(request, output_->buffer());
    output_->flush_soon();
}

// A request of the gateway's own whose answer is not awaited. Its id; 0 if the connector reads
// nothing any more, and it was not sent.
std::uint64_t SessionCore::send_unawaited(const ConnectorCall& call) {
    if (end_reason_ || output_->closed() || output_->backlog_bytes() > 2 * backlog_pause_bytes) {
        return 0;
    }
    const std::uint64_t id = in_flight_.reserve();
    write_request(call, id);
    return id;
}

// Its answer says nothing new: it is not counted as one to nothing asked.
void SessionCore::ignore_answer(std::uint64_t id) {
    if (id != 0 && unawaited_.size() < unawaited_max_count) {
        unawaited_.insert(id);
    }
}

void SessionCore::send_queued() {
    while (!queue_.empty() && !output_->closed() && may_send_now(queue_.front())) {
        PendingCall& pending = queue_.front();
        queue_.pop_front();
        --counters_.queued;
        queued_bytes_ -= pending.call.params.size();
        send(pending);
    }
}

void SessionCore::detach(PendingCall& pending) {
    if (pending.queued()) {
        queue_.erase(queue_.iterator_to(pending));
        --counters_.queued;
        queued_bytes_ -= pending.call.params.size();
    }
    if (pending.DeadlineHook::is_linked()) {
        pending.DeadlineHook::unlink();
    }
    if (pending.upstream_id != 0) {
        in_flight_.forget(pending.upstream_id);
        if (pending.lane == Lane::shared) {
            --counters_.in_flight;
            exclusive_in_flight_ = exclusive_in_flight_ && !pending.exclusive;
        }
    }
    // A cancelled call is usually inside this very handler, and never calls it again.
    if (!pending.call.cancelled()) {
        pending.call.set_cancel_handler(nullptr);
    }
}

void SessionCore::finish(PendingCall& pending, CallEnd how, Error failure) {
    if (pending.done) {
        return;
    }
    detach(pending);
    pending.done = true;
    pending.reply.end = how;
    pending.reply.era = era_;
    pending.reply.failure = std::move(failure);
    if (pending.open_inputs > 0) {
        withdraw_inputs_of(pending);
    }
    if (pending.parked) {
        pending.parked->resume();
    }
    if (!end_reason_) {
        send_queued();
    }
}

void SessionCore::forget(PendingCall& pending) {
    detach(pending);
    pending.done = true;
    if (!end_reason_) {
        abandon(pending, "the caller went away");
    }
    withdraw_inputs_of(pending);
    if (!end_reason_) {
        send_queued();
    }
}

void SessionCore::cancel(PendingCall& pending, std::string_view reason) {
    if (pending.done) {
        return;
    }
    const std::string words(is_valid_utf8(reason) ? reason : "cancelled");
    abandon(pending, words);
    finish(pending, CallEnd::cancelled, failures::cancelled(words));
}

// The connector may still be at work for a call that is given up after it was sent.
void SessionCore::abandon(const PendingCall& pending, std::string_view reason) {
    if (pending.upstream_id == 0) {
        return;
    }
    // A server that is told to stop need not answer any more. One that waits for its client ends
    // the call by itself once that is refused.
    const bool ends_by_itself = pending.open_inputs > 0 && !options_.single_session;
    bool told_later = false;
    if (pending.lane == Lane::shared || pending.lane == Lane::watch) {
        told_later = await_late_answer(pending.upstream_id, ends_by_itself, reason);
    }
    if (pending.lane == Lane::listen) {
        listening_.closed(pending.upstream_id);
        ignore_answer(pending.upstream_id);
    }
    if (pending.lane != Lane::probe && !told_later) {
        tell_cancelled(pending.upstream_id, reason);
    }
}

void SessionCore::tell_cancelled(std::uint64_t id, std::string_view reason) {
    // A connector that does not read could otherwise make us pile up these notes.
    const bool fits = output_->backlog_bytes() < 2 * backlog_pause_bytes;
    if (!output_->closed() && fits) {
        append_cancelled(id, reason, output_->buffer());
        output_->flush_soon();
    }
}

void SessionCore::fail_unanswered(PendingCall& pending, const Error& reason) {
    const bool touched_pipe =
        pending.upstream_id != 0 && output_->written_bytes() > pending.output_position;
    if (touched_pipe) {
        finish(pending, CallEnd::may_have_run, failures::may_have_run(reason));
    } else {
        finish(pending, CallEnd::never_sent, failures::never_sent(reason));
    }
}

void SessionCore::fail_unsent(const Error& reason) {
    // Taken over first: finish() would otherwise move the next queued call into the closed pipe.
    CallQueue unsent;
    unsent.swap(queue_);
    counters_.queued = 0;
    queued_bytes_ = 0;
    while (!unsent.empty()) {
        PendingCall& pending = unsent.front();
        unsent.pop_front();
        finish(pending, CallEnd::never_sent, failures::never_sent(reason));
    }
}

void SessionCore::close_stdin() {
    output_->close_when_drained();
    fail_unsent(failures::stdin_closed());
}

void SessionCore::end(const Error& reason) {
    if (end_reason_) {
        return;
    }
    end_reason_ = reason;
    fail_unsent(reason);
    while (PendingCall* const pending = in_flight_.any()) {
        fail_unanswered(*pending, reason);
    }
    while (const auto input = inputs_.take_any()) {
        input->request->withdraw();
    }
    output_->set_progress_handler(nullptr);
    output_->close();
    deadline_timer_.cancel();
    patience_timer_.cancel();
    unended_timer_.cancel();
    boost::system::error_code ignored;
    input_.close(ignored);
}

void SessionCore::stop() {
    stopped_ = stopped_ || !end_reason_;
    end(failures::stopped());
}

SessionCounters& SessionCore::counters() {
    return counters_;
}

} // namespace gatehouse::runtime
