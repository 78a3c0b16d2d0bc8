#include "tests/unit/simulation/table_world.hpp"

#include <array>

namespace gatehouse::simulation {

namespace {

using Action = runtime::LifecycleAction;
using Event = runtime::LifecycleEvent;
using State = runtime::InstanceState;

class TableWalk {
  public:
    TableWalk(std::uint64_t seed, const NextState& next, Story& told)
        : random_(seed), next_(next), story_(told) {
        constexpr std::array<State, 3> first = {State::pending, State::idle, State::stopped};
        state_ = random_.one_of(first);
    }
    void run();

  private:
    std::optional<Event> act();
    Event end_of_start();
    Event end_of_serving();
    Event end_of_step(Event timeout);
    Event verdict();
    std::optional<Event> end_of_rest();
    bool tree_leaves(int percent);
    void wish();
    void enter(State after, Event event);

    Random random_;
    const NextState& next_;
    Story& story_;
    State state_ = State::pending;
    int turn_ = 0;
    bool tree_ = false;
    bool off_ = false;   // an operator wants it off
    bool stop_ = false;  // … and the run under way is to end
    bool start_ = false; // an operator, a call or an input asks for a start
    bool ending_ = false;
};

bool TableWalk::tree_leaves(int percent) {
    tree_ = tree_ && !random_.percent(percent);
    return !tree_;
}

void TableWalk::wish() {
    const int drawn = ending_ ? 99 : random_.between(0, 99);
    const bool runs = runtime::has_process(state_) || runtime::is_starting(state_);
    if (drawn < 12) {
        off_ = true;
        start_ = false;
        stop_ = runs;
    } else if (drawn < 30) {
        start_ = !runs || stop_;
        off_ = false;
    }
}

Event TableWalk::end_of_start() {
    switch (runtime::action_of(state_)) {
    case Action::take_slot:
        return stop_                 ? Event::stop_asked
               : random_.percent(90) ? Event::slot_granted
                                     : Event::slot_timeout;
    case Action::prepare:
        return stop_                 ? Event::stop_asked
               : random_.percent(90) ? Event::prepared
                                     : Event::input_wrong;
    case Action::launch:
        tree_ = random_.percent(85);
        return tree_ ? Event::launched : Event::launch_failed;
    default:
        break;
    }
    if (tree_leaves(10)) {
        return Event::tree_gone;
    }
    return stop_                 ? Event::stop_asked
           : random_.percent(85) ? Event::handshake_done
                                 : Event::handshake_failed;
}

Event TableWalk::end_of_serving() {
    if (tree_leaves(30)) {
        return Event::tree_gone;
    }
    const int drawn = random_.between(0, 2);
    return stop_ || drawn == 0 ? Event::stop_asked
           : drawn == 1        ? Event::session_ended
                               : Event::kill_due;
}

Event TableWalk::end_of_step(Event timeout) {
    return tree_leaves(50) ? Event::tree_gone : timeout;
}

Event TableWalk::verdict() {
    constexpr std::array<Event, 5> verdicts = {Event::restart_due, Event::rest_idle, Event::give_up,
                                               Event::input_wrong, Event::lock_away};
    if (stop_ || off_ || ending_) {
        return Event::rest_stopped;
    }
    return start_ ? Event::start_asked : random_.one_of(verdicts);
}

std::optional<Event> TableWalk::end_of_rest() {
    if (start_) {
        return Event::start_asked;
    }
    const bool waits_for_input = state_ == State::failed || state_ == State::misconfigured;
    if (waits_for_input && !off_ && random_.percent(20)) {
        return Event::rest_idle;
    }
    return off_ && state_ != State::stopped ? std::optional(Event::stop_asked) : std::nullopt;
}

std::optional<Event> TableWalk::act() {
    switch (runtime::action_of(state_)) {
    case Action::take_slot:
    case Action::prepare:
    case Action::launch:
    case Action::shake_hands:
        return end_of_start();
    case Action::serve:
        return end_of_serving();
    case Action::drain:
        return end_of_step(Event::drained);
    case Action::close_stdin:
        return end_of_step(Event::eof_timeout);
    case Action::send_term:
        return end_of_step(Event::term_timeout);
    case Action::kill_tree:
        return end_of_step(Event::kill_timeout);
    case Action::watch_tree:
        return tree_leaves(30) ? std::optional(Event::tree_gone) : std::nullopt;
    case Action::classify:
        return verdict();
    case Action::wait_backoff:
        return off_ || ending_ ? Event::stop_asked
               : start_        ? Event::start_asked
                               : Event::backoff_elapsed;
    case Action::rest:
        return end_of_rest();
    }
    return std::nullopt;
}

void TableWalk::enter(State after, Event event) {
    story_.expect(!tree_ || runtime::has_process(after), "no process outside of a live instance");
    story_.expect(!tree_ || !runtime::is_starting(after) || after == State::handshake,
                  "nothing starts beside the processes of an earlier run");
    story_.expect(after != State::stuck || tree_, "stuck means that processes are left");
    const bool begins = after == State::pending;
    story_.expect(!begins || (!off_ && !ending_), "nothing starts after a stop");
    const bool locked = state_ == State::misconfigured || state_ == State::quarantined;
    story_.expect(!locked || !begins || event == Event::start_asked,
                  "what waits for somebody is not started by itself");
    story_.expect(state_ != State::quarantined || event == Event::start_asked ||
                      event == Event::stop_asked,
                  "quarantine is left by an operator alone");
    const bool resets = after == State::pending || after == State::exited;
    start_ = start_ && !begins;
    stop_ = stop_ && !(resets && state_ == State::exited) && !runtime::is_resting(after);
    state_ = after;
}

void TableWalk::run() {
    constexpr int turns_count = 120;
    constexpr int ending_turns_count = 30;
    for (; turn_ < turns_count + ending_turns_count; ++turn_) {
        if (turn_ == turns_count) {
            ending_ = true;
            start_ = false;
            off_ = true;
            stop_ = true;
        }
        wish();
        const auto event = act();
        if (!event) {
            continue;
        }
        story_.step(milliseconds(turn_), runtime::to_text(*event).data(),
                    static_cast<std::int64_t>(state_));
        const auto after = next_(state_, *event);
        story_.expect(after.has_value(), "each end of an action has a way on");
        if (!after) {
            return;
        }
        enter(*after, *event);
    }
    story_.expect(runtime::is_resting(state_) || (state_ == State::stuck && tree_),
                  "at the end all rest, or are stuck with processes");
}

} // namespace

void walk_table(std::uint64_t seed, const NextState& next, Story& story) {
    TableWalk walk(seed, next, story);
    walk.run();
}

} // namespace gatehouse::simulation
