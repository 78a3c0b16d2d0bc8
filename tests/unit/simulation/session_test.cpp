#include "tests/unit/simulation/session_world.hpp"
#include "tests/unit/simulation/simulation_checks.hpp"

using namespace gatehouse::simulation;

namespace {

World session_with(SessionBug bug) {
    return [bug](std::uint64_t seed, Story& story) { run_session(seed, bug, story); };
}

} // namespace

TEST_CASE("a session gives each call its own end, whatever the connector and the callers do") {
    require_holds(session_with(SessionBug::none), {1, 4000});
}

TEST_CASE("bugs planted around a session are found") {
    struct Planted {
        SessionBug bug;
        const char* part;
    };
    const auto planted = GENERATE(Planted{SessionBug::answers_are_swapped, "belongs to"},
                                  Planted{SessionBug::sent_is_denied, "nothing was written"},
                                  Planted{SessionBug::cancel_is_unheard, "given up ends at once"},
                                  Planted{SessionBug::end_is_late, "death"},
                                  Planted{SessionBug::deadline_is_longer, "by its deadline"},
                                  Planted{SessionBug::called_again, ""},
                                  Planted{SessionBug::too_many_in_flight, "connector bears"},
                                  Planted{SessionBug::queue_is_too_long, "queue keeps its bound"},
                                  Planted{SessionBug::sent_before_intent, "intent"});
    const World without = session_with(SessionBug::none);
    const World with = session_with(planted.bug);
    require_found({without, with, planted.part}, {1, 2000});
}
