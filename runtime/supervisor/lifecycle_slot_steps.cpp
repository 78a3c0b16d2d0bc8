// The actions of the lifecycle: each one does its part and returns the event that ends it.
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr seconds slot_max_wait{30};
constexpr seconds handshake_end_max_wait{1};
constexpr milliseconds exit_max_wait{500};

std::string milliseconds_text(SteadyTime::duration duration) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count()) + " ms";
}

bool has_stale_list(const Instance& instance) {
    return std::any_of(instance.lists.begin(), instance.lists.end(),
                       [](const ListReadings& readings) { return readings.stale || readings.due; });
}

} // namespace

Task<std::optional<LifecycleEvent>> LifecycleSlot::perform(LifecycleAction action) {
    Task<LifecycleEvent> step;
    switch (action) {
    case LifecycleAction::rest:
    case LifecycleAction::watch_tree: {
        auto quiet = action == LifecycleAction::rest ? rest() : watch_stuck();
        auto event = co_await std::move(quiet);
        co_return event;
    }
    case LifecycleAction::prepare:
        co_return prepare();
    case LifecycleAction::take_slot:
        step = take_slot();
        break;
    case LifecycleAction::launch:
        step = launch();
        break;
    case LifecycleAction::shake_hands:
        step = shake_hands();
        break;
    case LifecycleAction::serve:
        step = serve();
        break;
    case LifecycleAction::drain:
        step = drain();
        break;
    case LifecycleAction::close_stdin:
        step = close_session();
        break;
    case LifecycleAction::send_term:
        step = send_term();
        break;
    case LifecycleAction::kill_tree:
        step = kill_instance();
        break;
    case LifecycleAction::classify:
        step = classify();
        break;
    case LifecycleAction::wait_backoff:
        step = wait_backoff();
        break;
    }
    const LifecycleEvent event = co_await std::move(step);
    co_return event;
}

Task<LifecycleEvent> LifecycleSlot::take_slot() {
    const auto ticket = host_.slots.request([this] {
        slot_held_ = true;
        changed_.notify();
    });
    const SteadyTime deadline = loop_now() + slot_max_wait;
    while (!slot_held_ && !stop_asked() && loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    if (!slot_held_) {
        host_.slots.withdraw(ticket);
    }
    if (stop_asked()) {
        co_return LifecycleEvent::stop_asked;
    }
    if (slot_held_) {
        co_return LifecycleEvent::slot_granted;
    }
    last_failure_ = Error{"GH-R702", "too many connectors start at the same time", spec_.name.str(),
                          "", "it is tried again by itself"};
    next_attempt_ = loop_now() + spec_.restart.initial;
    co_return LifecycleEvent::slot_timeout;
}

LifecycleEvent LifecycleSlot::prepare() {
    if (stop_asked()) {
        return LifecycleEvent::stop_asked;
    }
    auto prepared = prepare_launch();
    if (prepared) {
        return LifecycleEvent::prepared;
    }
    last_failure_ = prepared.error();
    tell("cannot start: " + to_text(*last_failure_));
    return LifecycleEvent::input_wrong;
}

Task<LifecycleEvent> LifecycleSlot::launch() {
    launch_error_.reset();
    auto launching = launch_instance();
    auto launched = co_await std::move(launching);
    if (!launched) {
        launch_error_ = std::move(launched).error();
        co_return LifecycleEvent::launch_failed;
    }
    co_return LifecycleEvent::launched;
}

Task<LifecycleEvent> LifecycleSlot::shake_hands() {
    const std::shared_ptr<Instance> instance = instance_;
    beside("handshake of ", run_handshake(instance));
    // The handshake has its own deadline; this one is there in case it overruns it.
    const SteadyTime deadline = loop_now() + spec_.timeouts.startup + seconds(5);
    while (!instance->handshake && !instance->gone && !stop_asked() && loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    // What ended it shows in the handshake's answer too, a few turns of the loop later.
    const SteadyTime end_seen = loop_now() + handshake_end_max_wait;
    while (!instance->handshake && instance->gone && loop_now() < end_seen) {
        auto change = changed_.wait_for(milliseconds(100));
        co_await std::move(change);
    }
    const bool failed = instance->handshake && !instance->handshake->has_value();
    if (failed && !stop_asked()) {
        auto noting = note_handshake_failure(instance);
        co_await std::move(noting);
    }
    if (instance->gone) {
        co_return LifecycleEvent::tree_gone;
    }
    if (stop_asked()) {
        co_return LifecycleEvent::stop_asked;
    }
    if (instance->handshake && !failed) {
        co_return became_ready();
    }
    co_return start_failed(failed ? instance->handshake->error()
                                  : Error{"GH-P306", "the connector is not ready in time",
                                          spec_.name.str(), "no answer to its handshake", ""});
}

// A connector that ended because it was probed is started again without the probe; a verdict that
// was remembered and did not hold is forgotten.
Task<void> LifecycleSlot::note_handshake_failure(std::shared_ptr<Instance> instance) {
    if (instance->known_era) {
        events_.on_era(std::nullopt);
        co_return;
    }
    if (instance->handshake->error().code != "GH-P312") {
        co_return;
    }
    // How it ended is seen a little later than that it did; one that lives on closed its stdout.
    auto leaving = gone_within(exit_max_wait);
    co_await std::move(leaving);
    if (stop_asked() || (instance->outcome && !ended_by_itself(*instance->outcome))) {
        co_return;
    }
    tell("ends when it is asked for its era: it is started again as a legacy connector");
    events_.on_era(Era::legacy);
    stop_reason_ = StopReason::era_probe;
}

LifecycleEvent LifecycleSlot::became_ready() {
    const SteadyTime now = loop_now();
    auto catalogue = std::make_shared<const Catalogue>(std::move(instance_->handshake->value()));
    instance_->ready_since = now;
    last_call_ = now;
    tell("ready with " + std::to_string(catalogue->tools.size()) + " tools in " +
         milliseconds_text(now - instance_->started));
    // What is behind a connector over HTTP answered the handshake; of what is behind a process
    // nothing was seen, and a mere restart mends nothing there.
    if (spec_.transport == Transport::remote) {
        evidence_.add_answer(host_.clock.steady_now());
    }
    text_evidence_.reset();
    downstream_since_.reset();
    begin_probes(*instance_);
    events_.on_era(catalogue->era);
    const auto before = catalogue_;
    replace_catalogue(std::move(catalogue));
    events_.on_ready();
    for (std::size_t index = 0; before && index < list_kind_count; ++index) {
        const auto kind = static_cast<ListKind>(index);
        if (lists_differ(*before, *catalogue_, kind)) {
            events_.on_list_changed(kind);
        }
    }
    return LifecycleEvent::handshake_done;
}

LifecycleEvent LifecycleSlot::start_failed(Error why) {
    if (stop_reason_ == StopReason::era_probe) {
        return LifecycleEvent::handshake_failed;
    }
    tell("start failed: " + to_text(why));
    if (instance_->session_end && instance_->child && !instance_->violated()) {
        // Its exit, which is on its way, says more than the end of its stdout.
        stop_reason_ = StopReason::stdout_closed;
        return LifecycleEvent::handshake_failed;
    }
    stop_reason_ = StopReason::startup_failed;
    if (why.action.empty()) {
        why.action = "read its last lines with `gatehouse logs " + spec_.name.str() + "`";
    }
    reason_error_ = std::move(why);
    return LifecycleEvent::handshake_failed;
}

Task<LifecycleEvent> LifecycleSlot::serve() {
    const std::shared_ptr<Instance> instance = instance_;
    for (;;) {
        if (instance->gone) {
            co_return LifecycleEvent::tree_gone;
        }
        if (instance->session_end) {
            // What was asked for in the same turn stays what it is.
            stop_reason_ = stop_asked() ? stop_reason_ : StopReason::stdout_closed;
            co_return LifecycleEvent::session_ended;
        }
        if (stop_reason_ == StopReason::unresponsive) {
            co_return LifecycleEvent::kill_due;
        }
        if (stop_asked()) {
            co_return LifecycleEvent::stop_asked;
        }
        const SteadyTime probe_at = start_due_probes(instance);
        const bool sleepy = options_.min == 0 && instance->calls_active == 0 &&
                            options_.keep_warm != keep_warm_always && !events_.watched();
        const SteadyTime idle_at =
            last_call_ +
            (sleepy ? std::max(options_.idle_after, options_.keep_warm) : options_.idle_after);
        if (sleepy && loop_now() >= idle_at) {
            tell("stops: no calls for its idle time");
            stop_reason_ = StopReason::idle;
            co_return LifecycleEvent::stop_asked;
        }
        if (has_stale_list(*instance) && !instance->refreshing) {
            beside("lists of ", read_stale_lists(instance));
        }
        const SteadyTime wake_at = sleepy ? std::min(idle_at, probe_at) : probe_at;
        const auto wait = std::min<milliseconds>(left_until(wake_at), seconds(60));
        auto change = changed_.wait_for(wait);
        co_await std::move(change);
    }
}

Task<LifecycleEvent> LifecycleSlot::wait_backoff() {
    while (loop_now() < next_attempt_) {
        if (shutting_down_ || off_) {
            co_return LifecycleEvent::stop_asked;
        }
        if (start_wanted_) {
            co_return LifecycleEvent::start_asked;
        }
        auto change = changed_.wait_for(left_until(next_attempt_));
        co_await std::move(change);
    }
    co_return shutting_down_ || off_ ? LifecycleEvent::stop_asked : LifecycleEvent::backoff_elapsed;
}

Task<std::optional<LifecycleEvent>> LifecycleSlot::rest() {
    while (!shutting_down_) {
        if (std::exchange(start_wanted_, false)) {
            co_return LifecycleEvent::start_asked;
        }
        if (std::exchange(idle_wanted_, false) && state_ != InstanceState::idle && !off_) {
            co_return LifecycleEvent::rest_idle;
        }
        if (off_ && state_ != InstanceState::stopped) {
            co_return LifecycleEvent::stop_asked;
        }
        auto change = changed_.wait_for(seconds(60));
        co_await std::move(change);
    }
    co_return std::nullopt;
}

} // namespace gatehouse::runtime
