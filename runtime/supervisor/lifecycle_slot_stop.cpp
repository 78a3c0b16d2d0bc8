// The polite and the impolite end of an instance, step by step.
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

// At the end of the daemon, and after a failed start, a connector that ignores the polite end may
// not hold others up for long.
constexpr seconds eof_short_wait{1};
constexpr seconds kill_max_wait{5};
constexpr seconds step_tick{1};

} // namespace

Task<LifecycleEvent> LifecycleSlot::drain() {
    const std::shared_ptr<Instance> instance = instance_;
    const SteadyTime deadline = loop_now() + spec_.timeouts.drain;
    while (!instance->gone && instance->calls_active > 0 && loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    co_return instance->gone ? LifecycleEvent::tree_gone : LifecycleEvent::drained;
}

Task<bool> LifecycleSlot::gone_within(milliseconds limit) {
    const std::shared_ptr<Instance> instance = instance_;
    const SteadyTime deadline = loop_now() + limit;
    while (!instance->gone && loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    co_return instance->gone;
}

Task<LifecycleEvent> LifecycleSlot::close_session() {
    const std::shared_ptr<Instance> instance = instance_;
    end_politely(*instance);
    const SteadyTime begin = loop_now();
    while (!instance->gone) {
        const bool hurry = shutting_down_ || stop_reason_ == StopReason::startup_failed;
        const milliseconds limit =
            hurry ? std::min<milliseconds>(eof_short_wait, polite_wait()) : polite_wait();
        if (loop_now() >= begin + limit || polite_end_done(*instance)) {
            co_return LifecycleEvent::eof_timeout;
        }
        auto change =
            changed_.wait_for(std::min<milliseconds>(left_until(begin + limit), step_tick));
        co_await std::move(change);
    }
    co_return LifecycleEvent::tree_gone;
}

Task<LifecycleEvent> LifecycleSlot::send_term() {
    instance_->killed_by_us = true;
    terminate(*instance_);
    auto waiting = gone_within(spec_.timeouts.stop);
    const bool gone = co_await std::move(waiting);
    co_return gone ? LifecycleEvent::tree_gone : LifecycleEvent::term_timeout;
}

Task<LifecycleEvent> LifecycleSlot::kill_instance() {
    const bool silent = stop_reason_ == StopReason::unresponsive;
    tell(silent ? "does not answer: its process tree is killed"
                : "ignores SIGTERM: its process tree is killed");
    instance_->killed_by_us = true;
    kill(*instance_);
    auto waiting = gone_within(kill_max_wait);
    const bool gone = co_await std::move(waiting);
    co_return gone ? LifecycleEvent::tree_gone : LifecycleEvent::kill_timeout;
}

Task<std::optional<LifecycleEvent>> LifecycleSlot::watch_stuck() {
    tell("is stuck: processes survive the kill");
    const std::shared_ptr<Instance> instance = instance_;
    while (!instance->gone && !shutting_down_) {
        auto change = changed_.wait_for(seconds(60));
        co_await std::move(change);
    }
    if (!instance->gone) {
        stop_reading(*instance);
        co_return std::nullopt;
    }
    co_return LifecycleEvent::tree_gone;
}

} // namespace gatehouse::runtime
