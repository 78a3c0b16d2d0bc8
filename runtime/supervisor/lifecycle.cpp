#include "runtime/supervisor/lifecycle.hpp"

#include "runtime/base/assert.hpp"

namespace gatehouse::runtime {

namespace {

using State = InstanceState;
using Event = LifecycleEvent;

struct LifecycleRow {
    State state;
    Event event;
    State next;
};

constexpr LifecycleRow lifecycle_table[] = {
    {State::pending, Event::slot_granted, State::preparing},
    {State::pending, Event::slot_timeout, State::backoff},
    {State::pending, Event::stop_asked, State::exited},

    {State::preparing, Event::prepared, State::spawning},
    {State::preparing, Event::input_wrong, State::misconfigured},
    {State::preparing, Event::stop_asked, State::exited},

    {State::spawning, Event::launched, State::handshake},
    {State::spawning, Event::launch_failed, State::exited},

    {State::handshake, Event::handshake_done, State::ready},
    {State::handshake, Event::handshake_failed, State::stopping_eof},
    {State::handshake, Event::stop_asked, State::stopping_eof},
    {State::handshake, Event::tree_gone, State::exited},

    {State::ready, Event::stop_asked, State::draining},
    {State::ready, Event::session_ended, State::stopping_eof},
    {State::ready, Event::kill_due, State::stopping_kill},
    {State::ready, Event::tree_gone, State::exited},

    {State::draining, Event::drained, State::stopping_eof},
    {State::draining, Event::tree_gone, State::exited},

    {State::stopping_eof, Event::eof_timeout, State::stopping_term},
    {State::stopping_eof, Event::tree_gone, State::exited},

    {State::stopping_term, Event::term_timeout, State::stopping_kill},
    {State::stopping_term, Event::tree_gone, State::exited},

    {State::stopping_kill, Event::kill_timeout, State::stuck},
    {State::stopping_kill, Event::tree_gone, State::exited},

    {State::stuck, Event::tree_gone, State::exited},

    {State::exited, Event::restart_due, State::backoff},
    {State::exited, Event::start_asked, State::pending},
    {State::exited, Event::rest_idle, State::idle},
    {State::exited, Event::rest_stopped, State::stopped},
    {State::exited, Event::give_up, State::failed},
    {State::exited, Event::input_wrong, State::misconfigured},
    {State::exited, Event::lock_away, State::quarantined},

    {State::backoff, Event::backoff_elapsed, State::pending},
    {State::backoff, Event::start_asked, State::pending},
    {State::backoff, Event::stop_asked, State::stopped},

    {State::idle, Event::start_asked, State::pending},
    {State::idle, Event::stop_asked, State::stopped},

    {State::stopped, Event::start_asked, State::pending},
    {State::stopped, Event::rest_idle, State::idle},

    {State::failed, Event::start_asked, State::pending},
    {State::failed, Event::stop_asked, State::stopped},
    {State::failed, Event::rest_idle, State::idle},

    {State::misconfigured, Event::start_asked, State::pending},
    {State::misconfigured, Event::stop_asked, State::stopped},
    {State::misconfigured, Event::rest_idle, State::idle},

    {State::quarantined, Event::start_asked, State::pending},
    {State::quarantined, Event::stop_asked, State::stopped},
};

struct StateFacts {
    LifecycleAction action;
    std::string_view text;
};

constexpr StateFacts state_facts[] = {
    {LifecycleAction::take_slot, "pending"},
    {LifecycleAction::prepare, "preparing"},
    {LifecycleAction::launch, "spawning"},
    {LifecycleAction::shake_hands, "handshake"},
    {LifecycleAction::serve, "ready"},
    {LifecycleAction::drain, "draining"},
    {LifecycleAction::close_stdin, "stopping_eof"},
    {LifecycleAction::send_term, "stopping_term"},
    {LifecycleAction::kill_tree, "stopping_kill"},
    {LifecycleAction::classify, "exited"},
    {LifecycleAction::wait_backoff, "backoff"},
    {LifecycleAction::rest, "idle"},
    {LifecycleAction::rest, "stopped"},
    {LifecycleAction::rest, "failed"},
    {LifecycleAction::rest, "misconfigured"},
    {LifecycleAction::watch_tree, "stuck"},
    {LifecycleAction::rest, "quarantined"},
};
static_assert(std::size(state_facts) == instance_state_count);

constexpr std::string_view event_texts[] = {
    "start_asked",     "stop_asked",    "slot_granted",   "slot_timeout",     "prepared",
    "launched",        "launch_failed", "handshake_done", "handshake_failed", "session_ended",
    "kill_due",        "drained",       "eof_timeout",    "term_timeout",     "kill_timeout",
    "tree_gone",       "restart_due",   "rest_idle",      "rest_stopped",     "give_up",
    "input_wrong",     "lock_away",     "backoff_elapsed",
};
static_assert(std::size(event_texts) == lifecycle_event_count);

} // namespace

std::optional<InstanceState> next_state(InstanceState state, LifecycleEvent event) {
    for (const auto& row : lifecycle_table) {
        if (row.state == state && row.event == event) {
            return row.next;
        }
    }
    return std::nullopt;
}

LifecycleAction action_of(InstanceState state) {
    return state_facts[static_cast<std::size_t>(state)].action;
}

std::string_view to_text(InstanceState state) {
    return state_facts[static_cast<std::size_t>(state)].text;
}

std::string_view to_text(LifecycleEvent event) {
    return event_texts[static_cast<std::size_t>(event)];
}

bool has_process(InstanceState state) {
    switch (state) {
    case InstanceState::spawning:
    case InstanceState::handshake:
    case InstanceState::ready:
    case InstanceState::draining:
    case InstanceState::stopping_eof:
    case InstanceState::stopping_term:
    case InstanceState::stopping_kill:
    case InstanceState::stuck:
        return true;
    default:
        return false;
    }
}

bool is_starting(InstanceState state) {
    return state == InstanceState::pending || state == InstanceState::preparing ||
           state == InstanceState::spawning || state == InstanceState::handshake;
}

bool is_resting(InstanceState state) {
    return action_of(state) == LifecycleAction::rest;
}

} // namespace gatehouse::runtime
