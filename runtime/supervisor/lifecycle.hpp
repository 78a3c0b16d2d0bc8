// The lifecycle of a connector's instance as a state × event table. Pure: the connector performs
// the action that belongs to the state, the action's end is the next event, and nothing else moves
// the state.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace gatehouse::runtime {

enum class InstanceState {
    pending,       // waits for one of the cold start slots
    preparing,     // fetches secrets, makes the plan
    spawning,      // the jail runs its steps; ends with exec
    handshake,     // initialize and tools/list
    ready,         // takes calls
    draining,      // takes no calls, those in flight finish
    stopping_eof,  // stdin is closed
    stopping_term, // SIGTERM was sent
    stopping_kill, // the tree was killed
    exited,        // the tree is proved empty
    backoff,       // waits before the next attempt
    idle,          // sleeps until a call
    stopped,       // off on purpose
    failed,        // the restart budget is used up
    misconfigured, // cannot start until an input changes
    stuck,         // killed, but the tree is not empty
    quarantined,   // it broke its bounds too often: down until an operator starts it
};

enum class LifecycleEvent {
    start_asked, // a call, a verb, or the daemon's start
    stop_asked,  // a verb, idleness, a new secret, or the daemon's end
    slot_granted,
    slot_timeout,
    prepared,
    launched,
    launch_failed, // no process is left of it
    handshake_done,
    handshake_failed, // the process may still run
    session_ended,    // stdout was closed, the process may still run
    kill_due,         // it does not answer: nothing polite would reach it
    drained,          // nothing in flight, or the drain deadline passed
    eof_timeout,
    term_timeout,
    kill_timeout,
    tree_gone,
    restart_due,  // verdict about an end: try again after a pause
    rest_idle,    // verdict: sleep
    rest_stopped, // verdict: off
    give_up,      // verdict: the budget is used up
    input_wrong,  // verdict: only a changed input can help
    lock_away,    // verdict: an operator must decide
    backoff_elapsed,
};

// What the connector does on entering a state.
enum class LifecycleAction {
    take_slot,
    prepare,
    launch,
    shake_hands,
    serve,
    drain,
    close_stdin,
    send_term,
    kill_tree,
    classify,
    wait_backoff,
    rest,       // nothing runs: wait to be asked
    watch_tree, // wait for the kernel to finish the kill
};

constexpr std::size_t instance_state_count = 17;
constexpr std::size_t lifecycle_event_count = 23;

// The state that follows; nothing if the event does not belong to the state.
std::optional<InstanceState> next_state(InstanceState state, LifecycleEvent event);
LifecycleAction action_of(InstanceState state);

// Whether a process of the instance may exist in this state.
bool has_process(InstanceState state);
// Whether the state leads to ready without being asked again.
bool is_starting(InstanceState state);
// Whether nothing runs and nothing will until someone asks.
bool is_resting(InstanceState state);

// The words of `gatehouse ls`: "stopping_eof" and so on.
std::string_view to_text(InstanceState state);
std::string_view to_text(LifecycleEvent event);

} // namespace gatehouse::runtime
