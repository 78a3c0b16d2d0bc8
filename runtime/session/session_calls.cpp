#include "runtime/session/failures.hpp"
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
    const bool at_once = pending.lane == Lane::direct || (queue_.empty() && may_send_now());
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
    pending.deadline = std::chrono::steady_clock::now() + pending.call.deadline;
    deadlines_.insert(deadlines_.cend(), pending);
    arm_deadline_timer();
    if (at_once) {
        send(pending);
    } else {
        queue_.push_back(pending);
        ++counters_.queued;
        queued_bytes_ += pending.call.params.size();
    }
}

bool SessionCore::may_send_now() const {
    return counters_.in_flight < static_cast<std::uint64_t>(options_.concurrency) &&
           output_->backlog_bytes() < backlog_pause_bytes;
}

void SessionCore::send(PendingCall& pending) {
    pending.upstream_id = in_flight_.add(pending);
    pending.output_position = output_->appended_bytes();
    if (pending.lane == Lane::shared) {
        ++counters_.in_flight;
    }
    RequestText request;
    request.id = pending.upstream_id;
    request.method = pending.call.method;
    request.params = pending.call.params;
    request.with_progress_token = pending.call.on_progress != nullptr;
    append_request(request, output_->buffer());
    output_->flush_soon();
}

void SessionCore::send_queued() {
    while (!queue_.empty() && !output_->closed() && may_send_now()) {
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
        counters_.in_flight -= pending.lane == Lane::shared ? 1 : 0;
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
    pending.reply.failure = std::move(failure);
    if (pending.parked) {
        pending.parked->resume();
    }
    if (!end_reason_) {
        send_queued();
    }
}

void SessionCore::forget(PendingCall& pending) {
    detach(pending);
    if (!end_reason_) {
        tell_cancelled(pending, "the caller went away");
        send_queued();
    }
}

void SessionCore::cancel(PendingCall& pending, std::string_view reason) {
    if (pending.done) {
        return;
    }
    const std::string words(is_valid_utf8(reason) ? reason : "cancelled");
    tell_cancelled(pending, words);
    finish(pending, CallEnd::cancelled, failures::cancelled(words));
}

void SessionCore::tell_cancelled(const PendingCall& pending, std::string_view reason) {
    // A connector that does not read could otherwise make us pile up these notes.
    const bool fits = output_->backlog_bytes() < 2 * backlog_pause_bytes;
    if (pending.upstream_id != 0 && !output_->closed() && fits) {
        append_cancelled(pending.upstream_id, reason, output_->buffer());
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
    output_->set_progress_handler(nullptr);
    output_->close();
    deadline_timer_.cancel();
    boost::system::error_code ignored;
    input_.close(ignored);
}

SessionCounters& SessionCore::counters() {
    counters_.unknown_ids = in_flight_.unknown_ids();
    return counters_;
}

void SessionCore::arm_deadline_timer() {
    if (deadlines_.empty() || deadlines_.begin()->deadline >= armed_for_) {
        return;
    }
    // One timer for all calls, armed for the earliest deadline. It is not moved when that call
    // ends: with equal timeouts it then fires once per timeout, not once per call.
    armed_for_ = deadlines_.begin()->deadline;
    deadline_timer_.expires_at(armed_for_);
    deadline_timer_.async_wait([self = shared_from_this()](boost::system::error_code failure) {
        if (!failure && !self->end_reason_) {
            self->armed_for_ = SteadyTime::max();
            self->expire_due_calls();
            self->arm_deadline_timer();
        }
    });
}

void SessionCore::expire_due_calls() {
    const SteadyTime now = std::chrono::steady_clock::now();
    while (!deadlines_.empty() && deadlines_.begin()->deadline <= now) {
        expire(*deadlines_.begin());
    }
}

void SessionCore::expire(PendingCall& pending) {
    const std::chrono::milliseconds allowed = pending.call.deadline;
    if (pending.queued()) {
        finish(pending, CallEnd::never_sent,
               failures::no_slot_within(allowed, options_.concurrency));
        return;
    }
    tell_cancelled(pending, "no answer within the time allowed");
    finish(pending, CallEnd::timed_out, failures::no_answer_within(allowed));
}

} // namespace gatehouse::runtime
