// The parts of health with one promise broken on demand. Without a bug each does nothing but hand
// on to the real one.
#pragma once

#include "runtime/health/circuit_breaker.hpp"
#include "runtime/health/downstream_evidence.hpp"
#include "runtime/health/health_tracker.hpp"
#include "tests/unit/simulation/health_world.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::simulation {

class BreakerPart {
  public:
    explicit BreakerPart(HealthBug bug) : bug_(bug) {}

    bool allow(SteadyTime now) {
        const runtime::BreakerState before = breaker_.state(now);
        const bool allowed = breaker_.allow(now);
        if (bug_ == HealthBug::open_breaker_dispatches && before == runtime::BreakerState::open) {
            return true;
        }
        return allowed ||
               (bug_ == HealthBug::two_trials && before == runtime::BreakerState::half_open);
    }
    void on_success(SteadyTime now, SteadyTime sent) { breaker_.on_success(now, sent); }
    void on_failure(const Error& error, SteadyTime now, SteadyTime sent) {
        const bool forgets = bug_ == HealthBug::delays_stay_short &&
                             breaker_.state(now) == runtime::BreakerState::half_open;
        if (forgets) {
            breaker_ = {};
            for (int left = 5; left > 0; --left) {
                breaker_.on_failure(error, now);
            }
            return;
        }
        breaker_.on_failure(error, now, sent);
    }
    runtime::BreakerState state(SteadyTime now) const { return breaker_.state(now); }
    milliseconds retry_after(SteadyTime now) const { return breaker_.retry_after(now); }
    runtime::BreakerFact fact(WallTime wall, SteadyTime now) const {
        return breaker_.fact("api.example.com", wall, now);
    }

  private:
    HealthBug bug_;
    runtime::CircuitBreaker breaker_;
};

class EvidencePart {
  public:
    explicit EvidencePart(HealthBug bug) : bug_(bug) {}

    void add_answer(SteadyTime now) { evidence_.add_answer(now); }
    void add_failure(Error failure, WallTime wall, SteadyTime now) {
        if (bug_ == HealthBug::policy_counts && failure.code == "GH-D208") {
            failure.code = "GH-D202";
        }
        const bool refusal = runtime::tells_refused_credential(failure);
        const int times = bug_ == HealthBug::one_refusal_is_enough && refusal ? 3 : 1;
        for (int left = times; left > 0; --left) {
            evidence_.add_failure(failure, wall, now);
        }
    }
    const runtime::DownstreamEvidence& real() const { return evidence_; }

  private:
    HealthBug bug_;
    runtime::DownstreamEvidence evidence_;
};

class JudgePart {
  public:
    explicit JudgePart(HealthBug bug) : bug_(bug) {}

    runtime::Health judge(runtime::HealthFacts facts, WallTime now) const {
        if (bug_ == HealthBug::text_is_believed && facts.suspected_downstream) {
            facts.outage = facts.suspected_downstream;
            facts.outage->source = runtime::EvidenceSource::protocol;
            facts.outage->cause.code = "GH-D205";
        }
        if (bug_ == HealthBug::shown_is_not_used) {
            facts.breakers.clear();
        }
        runtime::Health health = runtime::judge_health(facts, now);
        if (bug_ == HealthBug::wrong_roll_up &&
            health.word == runtime::HealthWord::downstream_outage) {
            health.word = runtime::HealthWord::degraded;
        }
        return health;
    }

  private:
    HealthBug bug_;
};

class TrackerPart {
  public:
    explicit TrackerPart(HealthBug bug) : bug_(bug) {}

    const runtime::Health& update(runtime::Health raw, WallTime now) {
        if (bug_ == HealthBug::no_dwell) {
            shown_ = std::move(raw);
        } else if (bug_ == HealthBug::late_worsening && begun_ &&
                   now < last_ + milliseconds(4000) &&
                   runtime::health_rank(raw.word) < runtime::health_rank(shown_.word)) {
            return shown_;
        } else if (bug_ == HealthBug::flapping_is_shown) {
            const runtime::HealthWord word = raw.word;
            shown_ = tracker_.update(std::move(raw), now);
            const bool well = word == runtime::HealthWord::healthy &&
                              shown_.word == runtime::HealthWord::degraded;
            shown_.word = well && tracker_.flapping(now) ? word : shown_.word;
        } else {
            shown_ = tracker_.update(std::move(raw), now);
        }
        last_ = now;
        begun_ = true;
        return shown_;
    }

  private:
    HealthBug bug_;
    runtime::HealthTracker tracker_;
    runtime::Health shown_;
    WallTime last_;
    bool begun_ = false;
};

} // namespace gatehouse::simulation
