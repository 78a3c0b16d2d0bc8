// What follows the end of an instance: the rest of its output, the verdict, the next attempt.
#include "runtime/base/log.hpp"
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr std::size_t failures_kept_count = 16;
constexpr std::size_t crash_lines_max_count = 50;
constexpr seconds readers_max_wait{1}; // what a dead process left in its pipes is read at once

std::string tenths_text(milliseconds duration) {
    const auto tenths = (duration.count() + 50) / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

} // namespace

void LifecycleSlot::stop_reading(Instance& instance) {
    instance.session->stop();
    for (StderrCapture* capture : {instance.stderr_capture.get(), instance.stdout_capture.get()}) {
        if (capture != nullptr) {
            capture->stop();
        }
    }
}

// What it ran in is gone, so its pipes end after what they still hold.
Task<void> LifecycleSlot::end_readers() {
    const std::shared_ptr<Instance> instance = instance_;
    const SteadyTime deadline = loop_now() + readers_max_wait;
    while (instance->readers_running > 0 && loop_now() < deadline) {
        auto change = changed_.wait_for(milliseconds(100));
        co_await std::move(change);
    }
    stop_reading(*instance);
    // Its calls hear of it within the next turns of the loop, and the crash record what they hear.
    const SteadyTime calls_end = loop_now() + readers_max_wait;
    while (instance->calls_active > 0 && loop_now() < calls_end) {
        auto change = changed_.wait_for(milliseconds(100));
        co_await std::move(change);
    }
}

Task<LifecycleEvent> LifecycleSlot::classify() {
    const std::shared_ptr<Instance> instance = instance_;
    const bool ran = instance && instance->gone && !launch_error_;
    EndContext context = end_context();
    EndClass end;
    if (ran) {
        context.was_ready = instance->ready_since.has_value();
        context.killed_by_us = instance->killed_by_us;
        end = judge_end(*instance, context);
        // Its calls are told of it, and the record, later, of what they were told.
        instance->end_cause = end.cause;
        instance->judged = true;
        changed_.notify();
        auto ending = end_readers();
        co_await std::move(ending);
        last_exit_ = end_text(*instance);
        tell("ended with " + last_exit_);
        stray_lines_ += instance->session->counters().stray_lines;
        unknown_ids_ += instance->session->counters().unknown_ids;
        if (instance->ready_since) {
            const auto uptime = loop_now() - *instance->ready_since;
            backoff_.on_ready_for(std::chrono::duration_cast<milliseconds>(uptime));
        }
    } else if (launch_error_) {
        end = classify_launch_failure(*launch_error_, context);
        last_exit_ = to_text(*launch_error_);
        tell("launch failed: " + last_exit_);
    } else {
        const Error none{"GH-P301", "it was not started", spec_.name.str(), "", ""};
        end = classify_launch_failure(none, context);
    }
    record(EventKind::exit, "", end.cause, last_exit_);
    if (ran && end.cause) {
        record_crash(*instance, *end.cause);
    }
    instance_.reset();
    launch_error_.reset();
    co_return settle(end, context.reason);
}

EndContext LifecycleSlot::end_context() {
    EndContext context;
    context.connector = spec_.name.str();
    context.reason = std::exchange(stop_reason_, StopReason::none);
    context.reason_error = std::exchange(reason_error_, std::nullopt);
    context.policy = kept_warm() ? RestartPolicy::always : spec_.restart.policy;
    context.memory_limit_bytes = spec_.sandbox.limits.memory_bytes;
    context.pids_limit = spec_.sandbox.limits.pids;
    context.violations_before = violations_;
    return context;
}

// An end without a failure is none for one that is to be ready for the next call.
bool LifecycleSlot::kept_warm() const {
    const bool wanted =
        options_.keep_warm.count() > 0 && spec_.restart.policy == RestartPolicy::on_failure;
    return wanted &&
           (options_.keep_warm == keep_warm_always || loop_now() < last_call_ + options_.keep_warm);
}

// What the callers of its calls were told was noted while they were told.
void LifecycleSlot::record_crash(const Instance& instance, const Error& cause) {
    exit_ = exit_of(instance);
    violations_ += cause.code == "GH-S604" ? 1 : 0;
    exit_cursor_ = log_ != nullptr ? log_->last_seq() : 0;
    if (host_.crashes == nullptr) {
        return;
    }
    CrashRecord crash;
    crash.connector = spec_.name.str();
    crash.instance = instance.id;
    crash.time = host_.clock.wall_now();
    crash.cause = cause;
    crash.exit = *exit_;
    crash.calls = instance.interrupted;
    crash.log_cursor = exit_cursor_;
    if (log_ != nullptr) {
        LogFilter filter;
        filter.instance = instance.id;
        for (auto& line : log_->read_last(filter, crash_lines_max_count).records) {
            crash.last_lines.push_back(std::move(line.text));
        }
    }
    if (auto kept = host_.crashes->add(crash); !kept) {
        log_error(to_text(kept.error()));
    }
}

LifecycleEvent LifecycleSlot::settle(const EndClass& end, StopReason why) {
    switch (end.verdict) {
    case EndVerdict::start_again:
        // Asked for, or the one launch more that finding out the era took.
        restarts_total_ += why == StopReason::era_probe ? 0 : 1;
        return shutting_down_ || off_ ? LifecycleEvent::rest_stopped : LifecycleEvent::start_asked;
    case EndVerdict::stopped:
        tell("stopped");
        return LifecycleEvent::rest_stopped;
    case EndVerdict::idle:
        last_failure_ = end.cause;
        last_failure_at_ = end.cause ? std::optional(host_.clock.wall_now()) : std::nullopt;
        return LifecycleEvent::rest_idle;
    case EndVerdict::misconfigured:
        last_failure_ = end.cause;
        tell("is not tried again until its configuration or a secret changes");
        return LifecycleEvent::input_wrong;
    case EndVerdict::failed:
        last_failure_ = end.cause;
        last_failure_at_ = host_.clock.wall_now();
        return LifecycleEvent::give_up;
    case EndVerdict::quarantined:
        last_failure_ = end.cause;
        last_failure_at_ = host_.clock.wall_now();
        quarantine_.emplace();
        quarantine_->since = host_.clock.wall_now();
        quarantine_->cause = *end.cause;
        tell("is in quarantine until `gatehouse start " + spec_.name.str() + "`");
        return LifecycleEvent::lock_away;
    case EndVerdict::restart:
        break;
    }
    return settle_failure(*end.cause);
}

LifecycleEvent LifecycleSlot::settle_failure(const Error& cause) {
    const WallTime now = host_.clock.wall_now();
    last_failure_ = cause;
    last_failure_at_ = now;
    if (tells_refused_credential(cause) || tells_outage(cause)) {
        downstream_since_ = downstream_since_.value_or(now);
    } else {
        downstream_since_.reset();
        failures_.push_back(now);
    }
    if (failures_.size() > failures_kept_count) {
        failures_.pop_front();
    }
    auto delay = backoff_.on_failure(host_.clock.steady_now(), host_.chance());
    if (!delay && !gives_up()) {
        delay = spec_.restart.max;
    }
    if (!delay) {
        tell("failed too often: it stays down until `gatehouse restart " + spec_.name.str() + "`");
        return LifecycleEvent::give_up;
    }
    ++restarts_total_;
    next_attempt_ = loop_now() + *delay;
    tell("restarting in " + tenths_text(*delay));
    record(EventKind::restart, "", std::nullopt, "the next attempt is in " + tenths_text(*delay));
    return LifecycleEvent::restart_due;
}

} // namespace gatehouse::runtime
