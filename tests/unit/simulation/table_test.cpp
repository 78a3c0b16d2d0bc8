#include "tests/unit/simulation/simulation_checks.hpp"
#include "tests/unit/simulation/table_world.hpp"

using namespace gatehouse::simulation;
using Event = gatehouse::runtime::LifecycleEvent;
using State = gatehouse::runtime::InstanceState;

namespace {

struct WrongRow {
    State state;
    Event event;
    std::optional<State> next;
};

World table_with(const NextState& next) {
    return [next](std::uint64_t seed, Story& story) { walk_table(seed, next, story); };
}

NextState table_but(const WrongRow& row) {
    return [row](State state, Event event) {
        const bool wrong = state == row.state && event == row.event;
        return wrong ? row.next : gatehouse::runtime::next_state(state, event);
    };
}

} // namespace

TEST_CASE("the lifecycle's table keeps its promises on every walk") {
    require_holds(table_with(gatehouse::runtime::next_state), {1, 4000});
}

TEST_CASE("one wrong row of the lifecycle's table is found") {
    const auto wrong = GENERATE(WrongRow{State::stopping_kill, Event::kill_timeout, State::stopped},
                                WrongRow{State::stopping_term, Event::term_timeout, State::exited},
                                WrongRow{State::draining, Event::drained, State::exited},
                                WrongRow{State::handshake, Event::handshake_failed, State::exited},
                                WrongRow{State::backoff, Event::stop_asked, State::pending},
                                WrongRow{State::exited, Event::rest_stopped, State::pending},
                                WrongRow{State::misconfigured, Event::rest_idle, State::pending},
                                WrongRow{State::stuck, Event::tree_gone, std::nullopt},
                                WrongRow{State::exited, Event::lock_away, std::nullopt},
                                WrongRow{State::spawning, Event::launch_failed, State::stuck});
    const World without = table_with(gatehouse::runtime::next_state);
    const World with = table_with(table_but(wrong));
    require_found({without, with, ""}, {1, 2000});
}
