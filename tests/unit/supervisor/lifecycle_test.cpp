#include "runtime/supervisor/lifecycle.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

using namespace gatehouse::runtime;
using State = InstanceState;
using Event = LifecycleEvent;

namespace {

// The whole table, written a second time by what each state must answer to.
const std::map<State, std::map<Event, State>> expected_table = {
    {State::pending,
     {{Event::slot_granted, State::preparing},
      {Event::slot_timeout, State::backoff},
      {Event::stop_asked, State::exited}}},
    {State::preparing,
     {{Event::prepared, State::spawning},
      {Event::input_wrong, State::misconfigured},
      {Event::stop_asked, State::exited}}},
    {State::spawning, {{Event::launched, State::handshake}, {Event::launch_failed, State::exited}}},
    {State::handshake,
     {{Event::handshake_done, State::ready},
      {Event::handshake_failed, State::stopping_eof},
      {Event::stop_asked, State::stopping_eof},
      {Event::tree_gone, State::exited}}},
    {State::ready,
     {{Event::stop_asked, State::draining},
      {Event::session_ended, State::stopping_eof},
      {Event::kill_due, State::stopping_kill},
      {Event::tree_gone, State::exited}}},
    {State::draining, {{Event::drained, State::stopping_eof}, {Event::tree_gone, State::exited}}},
    {State::stopping_eof,
     {{Event::eof_timeout, State::stopping_term}, {Event::tree_gone, State::exited}}},
    {State::stopping_term,
     {{Event::term_timeout, State::stopping_kill}, {Event::tree_gone, State::exited}}},
    {State::stopping_kill,
     {{Event::kill_timeout, State::stuck}, {Event::tree_gone, State::exited}}},
    {State::stuck, {{Event::tree_gone, State::exited}}},
    {State::exited,
     {{Event::restart_due, State::backoff},
      {Event::start_asked, State::pending},
      {Event::rest_idle, State::idle},
      {Event::rest_stopped, State::stopped},
      {Event::give_up, State::failed},
      {Event::input_wrong, State::misconfigured},
      {Event::lock_away, State::quarantined}}},
    {State::backoff,
     {{Event::backoff_elapsed, State::pending},
      {Event::start_asked, State::pending},
      {Event::stop_asked, State::stopped}}},
    {State::idle, {{Event::start_asked, State::pending}, {Event::stop_asked, State::stopped}}},
    {State::stopped, {{Event::start_asked, State::pending}, {Event::rest_idle, State::idle}}},
    {State::failed,
     {{Event::start_asked, State::pending},
      {Event::stop_asked, State::stopped},
      {Event::rest_idle, State::idle}}},
    {State::misconfigured,
     {{Event::start_asked, State::pending},
      {Event::stop_asked, State::stopped},
      {Event::rest_idle, State::idle}}},
    {State::quarantined,
     {{Event::start_asked, State::pending}, {Event::stop_asked, State::stopped}}},
};

State state_at(std::size_t index) {
    return static_cast<State>(index);
}
Event event_at(std::size_t index) {
    return static_cast<Event>(index);
}

std::set<State> reachable_from(State first) {
    std::set<State> seen{first};
    std::size_t before = 0;
    while (before != seen.size()) {
        before = seen.size();
        for (const State state : std::set<State>(seen)) {
            for (std::size_t event = 0; event < lifecycle_event_count; ++event) {
                if (const auto next = next_state(state, event_at(event))) {
                    seen.insert(*next);
                }
            }
        }
    }
    return seen;
}

} // namespace

TEST_CASE("every pair of state and event answers as written, and all others are refused") {
    for (std::size_t state = 0; state < instance_state_count; ++state) {
        const auto& row = expected_table.at(state_at(state));
        for (std::size_t event = 0; event < lifecycle_event_count; ++event) {
            INFO(to_text(state_at(state)) << " + " << to_text(event_at(event)));
            const auto expected = row.find(event_at(event));
            const auto next = next_state(state_at(state), event_at(event));
            REQUIRE(next.has_value() == (expected != row.end()));
            if (next) {
                REQUIRE(*next == expected->second);
            }
        }
    }
}

TEST_CASE("every state is reachable and leads back to rest") {
    CHECK(reachable_from(State::idle).size() == instance_state_count);
    for (std::size_t state = 0; state < instance_state_count; ++state) {
        CHECK(reachable_from(state_at(state)).contains(State::stopped));
    }
}

TEST_CASE(
    "a state that may have a process never becomes a resting one without the tree being gone") {
    for (std::size_t state = 0; state < instance_state_count; ++state) {
        for (std::size_t event = 0; event < lifecycle_event_count; ++event) {
            const auto next = next_state(state_at(state), event_at(event));
            if (!next || !has_process(state_at(state)) || has_process(*next)) {
                continue;
            }
            const bool proved =
                event_at(event) == Event::tree_gone || event_at(event) == Event::launch_failed;
            CHECK(proved);
            CHECK(*next == State::exited);
        }
    }
}

TEST_CASE("every state and event has its own word") {
    std::set<std::string> words;
    for (std::size_t state = 0; state < instance_state_count; ++state) {
        words.insert(std::string(to_text(state_at(state))));
    }
    CHECK(words.size() == instance_state_count);
    CHECK(words.contains("stopping_eof"));
    std::set<std::string> event_words;
    for (std::size_t event = 0; event < lifecycle_event_count; ++event) {
        event_words.insert(std::string(to_text(event_at(event))));
    }
    CHECK(event_words.size() == lifecycle_event_count);
}
