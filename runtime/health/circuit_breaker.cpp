#include "runtime/health/circuit_breaker.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

constexpr std::ptrdiff_t breaker_failures_min_count = 5;
constexpr std::chrono::seconds breaker_window{60};
constexpr std::size_t breaker_seen_max_count = 64;

std::chrono::milliseconds rounded_up(SteadyTime::duration left) {
    return std::chrono::ceil<std::chrono::milliseconds>(std::max(left, SteadyTime::duration(0)));
}

} // namespace

BreakerState CircuitBreaker::state(SteadyTime now) const {
    const bool over = now >= until_;
    if (state_ == BreakerState::open && over) {
        return BreakerState::half_open;
    }
    return state_ == BreakerState::recovering && over ? BreakerState::closed : state_;
}

bool CircuitBreaker::allow(SteadyTime now) {
    switch (state(now)) {
    case BreakerState::open:
        return false;
    case BreakerState::half_open:
        if (trial_ && now < *trial_ + breaker_trial_max) {
            return false;
        }
        trial_ = now;
        return true;
    default:
        return true;
    }
}

void CircuitBreaker::note(SteadyTime now, bool failed) {
    recent_.push_back({now, failed});
    while (recent_.size() > breaker_seen_max_count || recent_.front().at < now - breaker_window) {
        recent_.pop_front();
    }
}

void CircuitBreaker::open(SteadyTime now, std::chrono::milliseconds how_long) {
    state_ = BreakerState::open;
    open_time_ = std::min<std::chrono::milliseconds>(how_long, breaker_open_max);
    until_ = now + open_time_;
    trial_.reset();
    successes_ = 0;
    recent_.clear();
}

bool CircuitBreaker::is_stale(std::optional<SteadyTime> sent, SteadyTime now) const {
    return sent && *sent < until_ && state(now) == BreakerState::half_open;
}

void CircuitBreaker::on_success(SteadyTime now, std::optional<SteadyTime> sent) {
    if (is_stale(sent, now)) {
        return;
    }
    switch (state(now)) {
    case BreakerState::open:
        return; // of a call that was sent before it opened
    case BreakerState::half_open:
        trial_.reset();
        if (++successes_ >= breaker_successes_to_close_count) {
            state_ = BreakerState::recovering;
            until_ = now + breaker_recovering_time;
            closed_ = now;
        }
        return;
    default:
        state_ = state(now);
        note(now, false);
    }
}

void CircuitBreaker::on_failure(const Error& error, SteadyTime now,
                                std::optional<SteadyTime> sent) {
    if (is_stale(sent, now)) {
        return;
    }
    const BreakerState before = state(now);
    if (class_of_code(error.code) != FailureClass::outage) {
        if (before == BreakerState::half_open) {
            trial_.reset();
        }
        return;
    }
    last_failure_ = error;
    last_failure_at_ = now;
    if (before == BreakerState::open) {
        return;
    }
    if (before == BreakerState::half_open) {
        open(now, open_time_ * 2);
        return;
    }
    state_ = before;
    note(now, true);
    const auto failed =
        std::count_if(recent_.begin(), recent_.end(), [](const Seen& seen) { return seen.failed; });
    const auto all = static_cast<std::ptrdiff_t>(recent_.size());
    if (failed >= breaker_failures_min_count && failed * 2 >= all) {
        // An outage that comes back while it recovers is the same outage.
        opened_ = before == BreakerState::recovering ? opened_ : now;
        open(now, breaker_open_first);
    }
}

std::chrono::milliseconds CircuitBreaker::retry_after(SteadyTime now) const {
    switch (state(now)) {
    case BreakerState::open:
        return rounded_up(until_ - now);
    case BreakerState::half_open:
        return trial_ ? rounded_up(*trial_ + breaker_trial_max - now)
                      : std::chrono::milliseconds(0);
    default:
        return std::chrono::milliseconds(0);
    }
}

BreakerFact CircuitBreaker::fact(const std::string& host, WallTime wall, SteadyTime now) const {
    const auto wall_of = [&](SteadyTime then) {
        return wall - std::chrono::duration_cast<WallTime::duration>(now - then);
    };
    BreakerFact fact;
    fact.host = host;
    fact.state = state(now);
    fact.fact.host = host;
    if (fact.state == BreakerState::closed || !last_failure_) {
        fact.fact.since = wall;
        return fact;
    }
    const bool recovers = fact.state == BreakerState::recovering;
    fact.fact.since = wall_of(recovers ? closed_ : opened_);
    fact.fact.cause = *last_failure_;
    fact.fact.source = source_of_code(last_failure_->code);
    fact.fact.last_seen = wall_of(last_failure_at_);
    if (fact.state == BreakerState::open) {
        fact.next_attempt_at = wall + rounded_up(until_ - now);
    }
    return fact;
}

} // namespace gatehouse::runtime
