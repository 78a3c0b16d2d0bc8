// World A: the product's own slots (LifecycleSlot with its table, backoff, exit classes, start
// slots, probes and calls) over simulated processes, driven by random verbs, calls, secrets that
// change, and the end of the daemon, for up to forty virtual minutes.
#pragma once

#include "tests/unit/simulation/story.hpp"

namespace gatehouse::simulation {

// Each breaks one promise of the supervisor, at one of its seams.
enum class LifecycleBug {
    none,
    exit_78_is_retried,       // a class of exits is wrong
    violations_are_forgotten, // never quarantined
    budget_has_no_end,        // failures are counted for nothing
    jitter_is_too_wide,
    backoff_is_skipped, // the pause is much too short
    too_many_cold_starts,
    gone_with_first_process, // stopped is said before the tree is empty
    kill_is_believed,        // a kill is taken for its success
    call_wakes_stopped,      // what was stopped on purpose starts again
    secret_is_not_missed,    // what waits for an input is tried again without one
};

void run_lifecycle(std::uint64_t seed, LifecycleBug bug, Story& story);

} // namespace gatehouse::simulation
