// World B: what is known of a connector becomes what is shown of it and whether calls go out:
// CallWindow, DownstreamEvidence, TextEvidence, CircuitBreaker, judge_health and HealthTracker, as
// the product uses them, fed by a random service, process and text, for up to an hour of time.
#pragma once

#include "tests/unit/simulation/story.hpp"

namespace gatehouse::simulation {

// Each is a wrapper around a real part that breaks one of its promises.
enum class HealthBug {
    none,
    no_dwell,                // an improvement is shown at once
    late_worsening,          // what gets worse is shown later
    flapping_is_shown,       // each turn of a connector that flaps
    open_breaker_dispatches, // calls go out while it is open
    two_trials,
    delays_stay_short,     // it is tried every five seconds for ever
    policy_counts,         // our own refusals are taken for an outage
    one_refusal_is_enough, // for auth_failed
    text_is_believed,      // text alone is taken for proof
    wrong_roll_up,         // not the worst word is shown
    shown_is_not_used,     // what is shown knows nothing of the breaker
};

void run_health(std::uint64_t seed, HealthBug bug, Story& story);

} // namespace gatehouse::simulation
