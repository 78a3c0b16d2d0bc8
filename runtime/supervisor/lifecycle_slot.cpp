#include "runtime/supervisor/lifecycle_slot.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/log.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <utility>

namespace gatehouse::runtime {

LifecycleSlot::LifecycleSlot(SlotInputs inputs)
    : host_(inputs.host), spec_(inputs.spec), log_(inputs.log), options_(std::move(inputs.options)),
      events_(std::move(inputs.events)), backoff_(spec_.restart), changed_(host_.executor),
      phase_since_(host_.clock.wall_now()) {
    // Lines dropped by an earlier run are no news.
    seen_dropped_ = log_ != nullptr ? log_->dropped_count() : 0;
}

LifecycleSlot::~LifecycleSlot() = default;

Task<void> LifecycleSlot::run() {
    begun_ = true;
    phase_since_ = host_.clock.wall_now();
    if (off_) {
        state_ = InstanceState::stopped;
    } else if (options_.min == 0) {
        state_ = InstanceState::idle;
    } else {
        start_wanted_ = false; // it starts anyway
    }
    changed(); // calls may wait already
    while (!(shutting_down_ && is_resting(state_))) {
        auto action = perform(action_of(state_));
        const auto event = co_await std::move(action);
        if (!event) {
            break;
        }
        advance(*event);
    }
    changed();
}

void LifecycleSlot::changed() {
    changed_.notify();
    events_.on_changed();
}

bool LifecycleSlot::asleep() const {
    return begun_ && (state_ == InstanceState::idle || state_ == InstanceState::stopped);
}

void LifecycleSlot::advance(LifecycleEvent event) {
    const auto next = next_state(state_, event);
    if (!next) {
        log_error("connector " + spec_.name.str() + ": no way from " +
                  std::string(to_text(state_)) + " by " + std::string(to_text(event)));
    }
    GH_ASSERT(next.has_value());
    const HealthPhase phase_before = health_phase();
    const InstanceState before = std::exchange(state_, *next);
    if (health_phase() != phase_before) {
        phase_since_ = host_.clock.wall_now();
    }
    if (!is_starting(state_) && std::exchange(slot_held_, false)) {
        host_.slots.release();
    }
    if (state_ == InstanceState::pending) {
        start_wanted_ = false;
        idle_wanted_ = false;
    }
    record_state(before);
    changed();
}

// Those that a reader of the history asks for; the steps between them are in the log.
void LifecycleSlot::record_state(InstanceState before) {
    switch (state_) {
    case InstanceState::ready:
    case InstanceState::backoff:
    case InstanceState::idle:
    case InstanceState::stopped:
    case InstanceState::failed:
    case InstanceState::misconfigured:
    case InstanceState::quarantined:
    case InstanceState::stuck:
        break;
    default:
        return;
    }
    if (host_.events == nullptr) {
        return;
    }
    Event event;
    event.kind = EventKind::lifecycle;
    event.connector = spec_.name.str();
    event.instance = instance_ ? instance_->id : InstanceId{};
    event.from = to_text(before);
    event.to = to_text(state_);
    const bool wrong = state_ == InstanceState::failed || state_ == InstanceState::misconfigured ||
                       state_ == InstanceState::quarantined;
    event.cause = wrong ? last_failure_ : std::nullopt;
    // By these words the lines of a revision are found again (`gatehouse logs --revision`).
    event.text = options_.revision.empty() ? "" : "revision " + options_.revision;
    host_.events->append(std::move(event));
}

void LifecycleSlot::record(EventKind kind, std::string to, std::optional<Error> cause,
                           std::string text) {
    if (host_.events == nullptr) {
        return;
    }
    Event event;
    event.kind = kind;
    event.connector = spec_.name.str();
    event.instance = instance_ ? instance_->id : InstanceId{};
    event.to = std::move(to);
    event.cause = std::move(cause);
    event.text = std::move(text);
    host_.events->append(std::move(event));
}

bool LifecycleSlot::stop_asked() const {
    switch (stop_reason_) {
    case StopReason::verb:
    case StopReason::restart:
    case StopReason::idle:
    case StopReason::shutdown:
        return true;
    default:
        return false;
    }
}

// A stronger wish replaces a weaker one: what was to start again is not, once it is to stay off.
void LifecycleSlot::ask_stop(StopReason reason) {
    // Before run() there is nothing to stop; only a shutdown must be found by it.
    const bool begun = begun_ || reason == StopReason::shutdown;
    const bool running = begun && (has_process(state_) || is_starting(state_));
    const bool replaceable = stop_reason_ == StopReason::none || stop_reason_ == StopReason::idle ||
                             stop_reason_ == StopReason::restart;
    if (running && (replaceable || reason == StopReason::shutdown)) {
        stop_reason_ = reason;
    }
    changed();
}

void LifecycleSlot::ask_start() {
    off_ = false;
    backoff_.reset();
    failures_.clear();
    last_failure_.reset();
    last_failure_at_.reset();
    downstream_since_.reset();
    evidence_.reset();
    credential_trial_.reset();
    quarantine_.reset();
    violations_ = 0;
    start_wanted_ = true;
    changed();
}

void LifecycleSlot::shut_down() {
    shutting_down_ = true;
    start_wanted_ = false;
    ask_stop(StopReason::shutdown);
}

Task<Result<void>> LifecycleSlot::start() {
    const InstanceId earlier = instance_ ? instance_->id : InstanceId{};
    if (instance_ && instance_->serves() && state_ == InstanceState::ready && !stop_asked()) {
        co_return Result<void>();
    }
    if (begun_ && is_starting(state_) && !stop_asked()) {
        off_ = false;
    } else {
        ask_start();
    }
    auto waiting = wait_started(is_starting(state_) ? InstanceId{} : earlier);
    auto started = co_await std::move(waiting);
    co_return started;
}

Task<Result<void>> LifecycleSlot::restart() {
    const InstanceId earlier = instance_ ? instance_->id : InstanceId{};
    ask_start();
    if (has_process(state_) || is_starting(state_)) {
        ask_stop(StopReason::restart);
        // The restart itself starts it again; a second start must not follow.
        start_wanted_ = stop_reason_ != StopReason::restart;
    }
    auto waiting = wait_started(earlier);
    auto started = co_await std::move(waiting);
    co_return started;
}

// Waits for an instance other than `earlier` to be ready, or for the state that says why there is
// none.
Task<Result<void>> LifecycleSlot::wait_started(InstanceId earlier) {
    using std::chrono::seconds;
    const auto limit = spec_.timeouts.drain + spec_.timeouts.stop + spec_.timeouts.startup +
                       milliseconds(seconds(60));
    const SteadyTime deadline = loop_now() + limit;
    while (loop_now() < deadline) {
        const bool fresh = instance_ && instance_->id != earlier;
        if (fresh && state_ == InstanceState::ready && instance_->serves()) {
            co_return Result<void>();
        }
        const bool settled = !start_wanted_ && !has_process(state_) && !is_starting(state_) &&
                             state_ != InstanceState::exited;
        if (shutting_down_ || settled) {
            auto why = refusal(Patience::no_backoff);
            co_return why
                ? std::move(*why)
                : last_failure_.value_or(Error{"GH-P301", "the connector did not stay up",
                                               spec_.name.str(), last_exit_,
                                               "read `gatehouse logs " + spec_.name.str() + "`"});
        }
        auto change = changed_.wait_for(seconds(1));
        co_await std::move(change);
    }
    co_return Error{"GH-P306", "the connector is not ready yet", spec_.name.str(),
                    "it is still " + std::string(to_text(state_)),
                    "look again with `gatehouse ls`"};
}

Task<Result<void>> LifecycleSlot::stop() {
    using std::chrono::seconds;
    off_ = true;
    start_wanted_ = false;
    ask_stop(StopReason::verb);
    const auto limit = spec_.timeouts.drain + spec_.timeouts.stop + milliseconds(seconds(30));
    const SteadyTime deadline = loop_now() + limit;
    while (loop_now() < deadline && state_ != InstanceState::stuck) {
        if (state_ == InstanceState::stopped) {
            co_return Result<void>();
        }
        if (!off_) {
            co_return Error{"GH-P311", "the connector was started again meanwhile",
                            spec_.name.str(), "", "stop it once more"};
        }
        auto change = changed_.wait_for(seconds(1));
        co_await std::move(change);
    }
    co_return Error{"GH-P310", "the connector is not stopped", spec_.name.str(),
                    "it is still " + std::string(to_text(state_)),
                    "look for its processes with ps and try again"};
}

// To sleep, as if it had not been tried yet.
void LifecycleSlot::leave_wrong() {
    backoff_.reset();
    failures_.clear();
    last_failure_.reset();
    last_failure_at_.reset();
    downstream_since_.reset();
    idle_wanted_ = true;
    changed();
}

void LifecycleSlot::inputs_changed() {
    if (state_ != InstanceState::misconfigured) {
        return;
    }
    if (options_.min > 0 && !off_) {
        ask_start();
    } else {
        leave_wrong();
    }
}

void LifecycleSlot::secret_changed() {
    // What the old value was refused for says nothing of the new one.
    evidence_.reset();
    credential_trial_.reset();
    const bool was_wrong =
        state_ == InstanceState::misconfigured || state_ == InstanceState::failed;
    if (has_process(state_) || is_starting(state_)) {
        if (!off_) {
            tell("restarts to see the changed secret");
            ask_stop(StopReason::restart);
        }
    } else if (!off_ && (state_ == InstanceState::backoff || (was_wrong && options_.min > 0))) {
        // Not if a stop was asked for that the driver has not seen yet.
        ask_start();
    } else if (was_wrong) {
        leave_wrong();
    }
    changed();
}

} // namespace gatehouse::runtime
