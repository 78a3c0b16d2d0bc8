#include "tests/unit/simulation/lifecycle_world.hpp"
#include "tests/unit/simulation/simulation_checks.hpp"

using namespace gatehouse::simulation;

namespace {

World lifecycle_with(LifecycleBug bug) {
    return [bug](std::uint64_t seed, Story& story) { run_lifecycle(seed, bug, story); };
}

} // namespace

TEST_CASE("slots keep their promises whatever processes, operators and callers do") {
    require_holds(lifecycle_with(LifecycleBug::none), {1, 4000});
}

TEST_CASE("the same seed tells the same story") {
    Story first;
    Story second;
    run_lifecycle(8, LifecycleBug::none, first);
    run_lifecycle(8, LifecycleBug::none, second);
    REQUIRE(first.told_count() > 20);
    REQUIRE(first.told_count() == second.told_count());
    REQUIRE(first.last_steps() == second.last_steps());
}

TEST_CASE("bugs planted in the supervision are found") {
    struct Planted {
        LifecycleBug bug;
        const char* part;
    };
    const auto planted = GENERATE(Planted{LifecycleBug::exit_78_is_retried, "not tried again"},
                                  Planted{LifecycleBug::violations_are_forgotten, "quarantine"},
                                  Planted{LifecycleBug::budget_has_no_end, "budget"},
                                  Planted{LifecycleBug::jitter_is_too_wide, "pause"},
                                  Planted{LifecycleBug::backoff_is_skipped, "pause"},
                                  Planted{LifecycleBug::too_many_cold_starts, "five cold starts"},
                                  Planted{LifecycleBug::gone_with_first_process, ""},
                                  Planted{LifecycleBug::kill_is_believed, ""},
                                  Planted{LifecycleBug::call_wakes_stopped, "after a stop"},
                                  Planted{LifecycleBug::secret_is_not_missed, "misconfigured"});
    const World without = lifecycle_with(LifecycleBug::none);
    const World with = lifecycle_with(planted.bug);
    require_found({without, with, planted.part}, {1, 2000});
}
