#include "runtime/session/failures.hpp"
#include "runtime/session/session_core.hpp"

namespace gatehouse::runtime {

void SessionCore::set_deadline(PendingCall& pending, SteadyTime deadline) {
    if (pending.DeadlineHook::is_linked()) {
        pending.DeadlineHook::unlink();
    }
    pending.deadline = deadline;
    deadlines_.insert(deadlines_.cend(), pending);
    arm_deadline_timer();
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

failures::SlotsTaken SessionCore::slots_taken(const PendingCall& waiting) const {
    failures::SlotsTaken taken;
    taken.concurrency = options_.concurrency;
    taken.one_at_a_time = options_.concurrency > 1 && (waiting.exclusive || exclusive_in_flight_);
    in_flight_.for_each([&taken](const PendingCall& pending) {
        taken.client_asked = taken.client_asked || pending.open_inputs > 0;
    });
    return taken;
}

void SessionCore::expire(PendingCall& pending) {
    const std::chrono::milliseconds allowed = pending.call.deadline;
    if (pending.queued()) {
        finish(pending, CallEnd::never_sent,
               failures::no_slot_within(allowed, slots_taken(pending)));
        return;
    }
    const bool client_is_slow = pending.open_inputs > 0;
    abandon(pending, client_is_slow ? "no answer of the client within the time allowed"
                                    : "no answer within the time allowed");
    finish(pending, CallEnd::timed_out,
           client_is_slow ? failures::no_input_within(input_wait_max)
                          : failures::no_answer_within(allowed));
}

// Whether the connector is told of the end only if no answer comes.
bool SessionCore::await_late_answer(std::uint64_t id, bool ends_by_itself,
                                    std::string_view reason) {
    JustAbandoned call;
    call.id = id;
    call.patience_until = std::chrono::steady_clock::now() + options_.late_answer_patience;
    if (ends_by_itself) {
        call.untold = reason;
    }
    if (!abandoned_.add(std::move(call))) {
        return false;
    }
    arm_patience_timer();
    return ends_by_itself;
}

void SessionCore::arm_patience_timer() {
    if (patience_armed_ || !abandoned_.awaited()) {
        return;
    }
    patience_armed_ = true;
    patience_timer_.expires_at(abandoned_.patience_until());
    patience_timer_.async_wait([self = shared_from_this()](boost::system::error_code failure) {
        self->patience_armed_ = false;
        if (failure || self->end_reason_) {
            return;
        }
        while (const auto call = self->abandoned_.overdue(std::chrono::steady_clock::now())) {
            if (call->untold) {
                self->tell_cancelled(call->id, *call->untold);
            }
        }
        self->arm_patience_timer();
        self->send_queued();
    });
}

void SessionCore::accept_late_answer(std::uint64_t id) {
    abandoned_.answered(id);
    send_queued();
}

void SessionCore::rest_deadline(PendingCall& pending) {
    set_deadline(pending, pending.rest.begin(pending.deadline, std::chrono::steady_clock::now()));
}

void SessionCore::resume_deadline(PendingCall& pending) {
    set_deadline(pending, pending.rest.end(std::chrono::steady_clock::now()));
}

} // namespace gatehouse::runtime
