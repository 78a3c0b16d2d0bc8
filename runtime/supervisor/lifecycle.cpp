#include "runtime/supervisor/lifecycle.hpp"

#include "runtime/base/assert.hpp"

namespace gatehouse::runtime {

namespace {

using LifeState = InstanceState;
using LifeEvent = LifecycleEvent;

struct LifecycleRow {
    LifeState state;
    LifeEvent event;
    LifeState next;
};

constexpr LifecycleRow lifecycle_table[] = {
    {LifeState::pending, LifeEvent::slot_granted, LifeState::preparing},
    {LifeState::pending, LifeEvent::slot_timeout, LifeState::backoff},
    {LifeState::pending, LifeEvent::stop_asked, LifeState::exited},

    {LifeState::preparing, LifeEvent::prepared, LifeState::spawning},
    {LifeState::preparing, LifeEvent::input_wrong, LifeState::misconfigured},
    {LifeState::preparing, LifeEvent::stop_asked, LifeState::exited},

    {LifeState::spawning, LifeEvent::launched, LifeState::handshake},
    {LifeState::spawning, LifeEvent::launch_failed, LifeState::exited},

    {LifeState::handshake, LifeEvent::handshake_done, LifeState::ready},
    {LifeState::handshake, LifeEvent::handshake_failed, LifeState::stopping_eof},
    {LifeState::handshake, LifeEvent::stop_asked, LifeState::stopping_eof},
    {LifeState::handshake, LifeEvent::tree_gone, LifeState::exited},

    {LifeState::ready, LifeEvent::stop_asked, LifeState::draining},
    {LifeState::ready, LifeEvent::session_ended, LifeState::stopping_eof},
    {LifeState::ready, LifeEvent::kill_due, LifeState::stopping_kill},
    {LifeState::ready, LifeEvent::tree_gone, LifeState::exited},

    {LifeState::draining, LifeEvent::drained, LifeState::stopping_eof},
    {LifeState::draining, LifeEvent::tree_gone, LifeState::exited},

    {LifeState::stopping_eof, LifeEvent::eof_timeout, LifeState::stopping_term},
    {LifeState::stopping_eof, LifeEvent::tree_gone, LifeState::exited},

    {LifeState::stopping_term, LifeEvent::term_timeout, LifeState::stopping_kill},
    {LifeState::stopping_term, LifeEvent::tree_gone, LifeState::exited},

    {LifeState::stopping_kill, LifeEvent::kill_timeout, LifeState::stuck},
    {LifeState::stopping_kill, LifeEvent::tree_gone, LifeState::exited},

    {LifeState::stuck, LifeEvent::tree_gone, LifeState::exited},

    {LifeState::exited, LifeEvent::restart_due, LifeState::backoff},
    {LifeState::exited, LifeEvent::start_asked, LifeState::pending},
    {LifeState::exited, LifeEvent::rest_idle, LifeState::idle},
    {LifeState::exited, LifeEvent::rest_stopped, LifeState::stopped},
    {LifeState::exited, LifeEvent::give_up, LifeState::failed},
    {LifeState::exited, LifeEvent::input_wrong, LifeState::misconfigured},
    {LifeState::exited, LifeEvent::lock_away, LifeState::quarantined},

    {LifeState::backoff, LifeEvent::backoff_elapsed, LifeState::pending},
    {LifeState::backoff, LifeEvent::start_asked, LifeState::pending},
    {LifeState::backoff, LifeEvent::stop_asked, LifeState::stopped},

    {LifeState::idle, LifeEvent::start_asked, LifeState::pending},
    {LifeState::idle, LifeEvent::stop_asked, LifeState::stopped},

    {LifeState::stopped, LifeEvent::start_asked, LifeState::pending},
    {LifeState::stopped, LifeEvent::rest_idle, LifeState::idle},

    {LifeState::failed, LifeEvent::start_asked, LifeState::pending},
    {LifeState::failed, LifeEvent::stop_asked, LifeState::stopped},
    {LifeState::failed, LifeEvent::rest_idle, LifeState::idle},

    {LifeState::misconfigured, LifeEvent::start_asked, LifeState::pending},
    {LifeState::misconfigured, LifeEvent::stop_asked, LifeState::stopped},
    {LifeState::misconfigured, LifeEvent::rest_idle, LifeState::idle},

    {LifeState::quarantined, LifeEvent::start_asked, LifeState::pending},
    {LifeState::quarantined, LifeEvent::stop_asked, LifeState::stopped},
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
    "start_asked", "stop_asked",    "slot_granted",    "slot_timeout",     "prepared",
    "launched",    "launch_failed", "handshake_done",  "handshake_failed", "session_ended",
    "kill_due",    "drained",       "eof_timeout",     "term_timeout",     "kill_timeout",
    "tree_gone",   "restart_due",   "rest_idle",       "rest_stopped",     "give_up",
    "input_wrong", "lock_away",     "backoff_elapsed",
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
