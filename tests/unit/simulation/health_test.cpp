#include "tests/unit/simulation/health_world.hpp"
#include "tests/unit/simulation/simulation_checks.hpp"

using namespace gatehouse::simulation;

namespace {

World health_with(HealthBug bug) {
    return [bug](std::uint64_t seed, Story& story) { run_health(seed, bug, story); };
}

} // namespace

TEST_CASE("health follows from evidence, and what is shown from health, whatever happens") {
    require_holds(health_with(HealthBug::none), {1, 6000});
}

TEST_CASE("bugs planted in health are found") {
    struct Planted {
        HealthBug bug;
        const char* part;
    };
    const auto planted = GENERATE(Planted{HealthBug::no_dwell, "after 10 s"},
                                  Planted{HealthBug::late_worsening, "at once"},
                                  Planted{HealthBug::flapping_is_shown, "flaps"},
                                  Planted{HealthBug::open_breaker_dispatches, "breaker is open"},
                                  Planted{HealthBug::two_trials, "one trial"},
                                  Planted{HealthBug::delays_stay_short, "twice as long"},
                                  Planted{HealthBug::policy_counts, "our own"},
                                  Planted{HealthBug::one_refusal_is_enough, "three refusals"},
                                  Planted{HealthBug::text_is_believed, "none of them text"},
                                  Planted{HealthBug::wrong_roll_up, "worst true word"},
                                  Planted{HealthBug::shown_is_not_used, "worst true word"});
    const World without = health_with(HealthBug::none);
    const World with = health_with(planted.bug);
    require_found({without, with, planted.part}, {1, 2000});
}
