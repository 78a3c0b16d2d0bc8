#include "runtime/health/health_tracker.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

// A word that follows from evidence, not from what the lifecycle does or an operator asked for:
// only those are damped, for the lifecycle never lies.
bool is_judged(HealthWord word) {
    switch (word) {
    case HealthWord::healthy:
    case HealthWord::degraded:
    case HealthWord::unhealthy:
    case HealthWord::auth_failed:
    case HealthWord::downstream_outage:
    case HealthWord::crash_loop:
        return true;
    default:
        return false;
    }
}

bool has_named(const std::vector<HealthCondition>& conditions, const std::string& name) {
    return std::any_of(conditions.begin(), conditions.end(),
                       [&](const HealthCondition& each) { return each.name == name; });
}

void degrade_by(Health& health, const HealthCondition& condition) {
    if (health.word == HealthWord::healthy) {
        health.word = HealthWord::degraded;
        health.since = condition.since;
        health.cause = condition.cause;
        health.source = condition.source;
        health.confidence =
            condition.source == EvidenceSource::text ? Confidence::suspected : Confidence::certain;
    }
}

void note_earlier(std::optional<WallTime>& earliest, WallTime when) {
    earliest = earliest ? std::min(*earliest, when) : when;
}

} // namespace

void HealthTracker::hold_conditions(Health& raw, WallTime now) {
    if (!is_judged(raw.word)) {
        held_.clear();
        return;
    }
    for (HealthCondition& each : raw.conditions) {
        if (each.ends_by_itself) {
            continue;
        }
        const auto known = std::find_if(held_.begin(), held_.end(), [&](const Held& held) {
            return held.condition.name == each.name;
        });
        if (known == held_.end()) {
            held_.push_back({each, now});
            continue;
        }
        each.since = std::min(each.since, known->condition.since);
        *known = Held{each, now};
    }
    std::erase_if(held_, [&](const Held& held) { return held.last_true <= now - condition_hold; });
    for (const Held& held : held_) {
        if (!has_named(raw.conditions, held.condition.name)) {
            raw.conditions.push_back(held.condition);
            if (held.condition.degrades) {
                degrade_by(raw, held.condition);
            }
            note_earlier(next_change_, held.last_true + condition_hold);
        }
    }
}

void HealthTracker::note_transition(const Health& raw, WallTime now) {
    while (!transitions_.empty() && transitions_.front() <= now - flapping_window) {
        transitions_.pop_front();
    }
    if (!is_judged(raw.word)) {
        return;
    }
    if (last_judged_ && *last_judged_ != raw.word) {
        transitions_.push_back(now);
        if (transitions_.size() > flapping_transitions_count) {
            transitions_.pop_front();
        }
    }
    last_judged_ = raw.word;
    if (raw.word != HealthWord::healthy && raw.cause) {
        last_cause_ = raw.cause;
        last_source_ = raw.source;
    }
}

bool HealthTracker::flapping(WallTime now) const {
    return transitions_.size() >= flapping_transitions_count &&
           transitions_.front() > now - flapping_window;
}

void HealthTracker::hold_flapping(Health& raw, WallTime now) {
    if (!flapping(now) || !is_judged(raw.word)) {
        return;
    }
    HealthCondition condition{"flapping", transitions_.front(), last_cause_, last_source_, true,
                              true};
    degrade_by(raw, condition);
    raw.conditions.push_back(std::move(condition));
    note_earlier(next_change_, transitions_.front() + flapping_window);
}

// A better word must last before it is believed. From degraded to healthy nothing more is waited
// for: its conditions were held already.
bool HealthTracker::must_wait(const Health& raw, WallTime now) {
    const bool damped = begun_ && is_judged(shown_.word) && is_judged(raw.word) &&
                        shown_.word != HealthWord::degraded && shown_.word != HealthWord::healthy &&
                        raw.word != HealthWord::auth_failed;
    const bool better = health_rank(raw.word) > health_rank(shown_.word);
    if (!damped || !better) {
        better_since_.reset();
        return false;
    }
    if (!better_since_) {
        better_since_ = now;
    }
    if (now - *better_since_ >= improvement_dwell) {
        return false;
    }
    note_earlier(next_change_, *better_since_ + improvement_dwell);
    return true;
}

void HealthTracker::show(Health health, WallTime now) {
    if (begun_ && is_judged(health.word) && health.word == shown_.word) {
        health.since = std::min(health.since, shown_.since);
    } else if (begun_ && is_judged(shown_.word) && is_judged(health.word) &&
               health_rank(health.word) > health_rank(shown_.word)) {
        // What is better now was not so before, however old its own facts are.
        health.since = std::max(health.since, better_since_.value_or(now));
    }
    better_since_.reset();
    shown_ = std::move(health);
    begun_ = true;
}

// The wall clock may be set back; what is dated later would last until it has caught up.
void HealthTracker::forget_future(WallTime now) {
    for (Held& held : held_) {
        held.last_true = std::min(held.last_true, now);
    }
    for (WallTime& transition : transitions_) {
        transition = std::min(transition, now);
    }
    if (better_since_) {
        better_since_ = std::min(*better_since_, now);
    }
}

const Health& HealthTracker::update(Health raw, WallTime now) {
    next_change_.reset();
    forget_future(now);
    note_transition(raw, now);
    hold_conditions(raw, now);
    hold_flapping(raw, now);
    if (must_wait(raw, now)) {
        shown_.conditions = std::move(raw.conditions);
        return shown_;
    }
    show(std::move(raw), now);
    return shown_;
}

} // namespace gatehouse::runtime
