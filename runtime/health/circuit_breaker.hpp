// CircuitBreaker: holds calls to one host behind a connector back while it is away, so that callers
// hear so at once and the host is not beaten while it is down. Pure; one for each (connector,
// host).
//
// closed → open when at least five calls of the last minute failed and at least half of them; open
// for 5 s, then half_open: one call at a time is let through. Two successes → recovering for 60 s,
// which lets all through, then closed. A failure in half_open → open for twice as long, at most
// 60 s. Five failures of a minute are needed again to leave recovering for open.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/health/health_facts.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <string>

namespace gatehouse::runtime {

constexpr std::chrono::seconds breaker_open_first{5};
constexpr std::chrono::seconds breaker_open_max{60};
constexpr std::chrono::seconds breaker_recovering_time{60};
constexpr int breaker_successes_to_close_count = 2;
// A trial whose end nobody told is given up, so that another can be made.
constexpr std::chrono::seconds breaker_trial_max{60};

class CircuitBreaker {
  public:
    // May a call go through? In half_open the one that is told yes is the trial.
    bool allow(SteadyTime now);
    // `sent`: when the call went out. In half_open only what was sent since then counts: what is
    // still under way from before is no trial, and says what is known already.
    void on_success(SteadyTime now, std::optional<SteadyTime> sent = std::nullopt);
    // Only failures that tell of an outage count (class_of_code); others are no success either, and
    // a trial that ends with one lets another trial go.
    void on_failure(const Error& error, SteadyTime now,
                    std::optional<SteadyTime> sent = std::nullopt);

    BreakerState state(SteadyTime now) const;
    // How long until a call may be let through; 0: now.
    std::chrono::milliseconds retry_after(SteadyTime now) const;
    const std::optional<Error>& last_failure() const { return last_failure_; }
    // As a fact for judge_health; its dates come from `wall` and how long ago things were.
    BreakerFact fact(const std::string& host, WallTime wall, SteadyTime now) const;

  private:
    struct Seen {
        SteadyTime at;
        bool failed = false;
    };
    void note(SteadyTime now, bool failed);
    // Of a call that went out before it was half open, while it is.
    bool is_stale(std::optional<SteadyTime> sent, SteadyTime now) const;
    void open(SteadyTime now, std::chrono::milliseconds how_long);

    BreakerState state_ = BreakerState::closed; // open and recovering end by time alone
    SteadyTime opened_;                         // at first, of this outage
    SteadyTime closed_;                         // when it began to recover
    SteadyTime until_;                          // of open or recovering
    std::chrono::milliseconds open_time_{0};
    std::optional<SteadyTime> trial_;
    int successes_ = 0;
    std::optional<Error> last_failure_;
    SteadyTime last_failure_at_;
    std::deque<Seen> recent_; // at most 64, of the last minute
};

} // namespace gatehouse::runtime
