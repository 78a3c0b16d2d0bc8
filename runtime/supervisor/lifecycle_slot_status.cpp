// The facts of a connector for its health, and the row that `ls` and `status` show.
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/process_memory.hpp"
#include "runtime/supervisor/wait_time.hpp"

namespace gatehouse::runtime {

HealthPhase LifecycleSlot::health_phase() const {
    if (!begun_) {
        return HealthPhase::unknown;
    }
    switch (state_) {
    case InstanceState::pending:
    case InstanceState::preparing:
    case InstanceState::spawning:
    case InstanceState::handshake:
        return HealthPhase::starting;
    case InstanceState::ready:
        return HealthPhase::ready;
    case InstanceState::backoff:
        return HealthPhase::waiting;
    case InstanceState::idle:
        return HealthPhase::idle;
    case InstanceState::stopped:
        return HealthPhase::stopped;
    case InstanceState::failed:
        return HealthPhase::failed;
    case InstanceState::misconfigured:
        return HealthPhase::misconfigured;
    case InstanceState::stuck:
        return HealthPhase::stuck;
    default:
        return HealthPhase::stopping;
    }
}

HealthFacts LifecycleSlot::health_facts() const {
    HealthFacts facts;
    facts.connector = spec_.name.str();
    facts.phase = health_phase();
    facts.phase_since = phase_since_;
    facts.last_failure = last_failure_;
    facts.last_failure_at = last_failure_at_;
    facts.failures.assign(failures_.begin(), failures_.end());
    facts.last_stray_at = last_stray_at_;
    facts.stray_lines = stray_lines_ + (instance_ ? instance_->session->counters().stray_lines : 0);
    facts.last_log_drop_at = last_log_drop_at_;
    facts.log_lines_dropped = seen_dropped_;
    const CallCounts recent = call_window_.recent(host_.clock.steady_now());
    facts.calls_recent = recent.calls;
    facts.calls_recent_failed = recent.failed;
    facts.calls_failing_since = calls_failing_since_;
    facts.downstream_since = downstream_since_;
    facts.refused_credential = evidence_.refused();
    facts.outage = evidence_.outage(host_.clock.steady_now());
    return facts;
}

ConnectorStatus LifecycleSlot::status() const {
    const HealthFacts facts = health_facts();
    const Health health = judge_health(facts, host_.clock.wall_now());
    ConnectorStatus status;
    status.name = spec_.name;
    status.title = spec_.title;
    status.health = to_text(health.word);
    status.lifecycle = to_text(state_);
    status.cause = health.cause;
    status.since = health.since;
    status.conditions = health.conditions;
    if (state_ == InstanceState::backoff) {
        const auto left = next_attempt_ - loop_now();
        status.next_attempt_at = host_.clock.wall_now() + left;
    }
    if (instance_) {
        const SessionCounters& counters = instance_->session->counters();
        status.started_at = instance_->started_at;
        status.instance = instance_->id;
        if (instance_->child) {
            status.jail_pid = instance_->child->jail_pid();
            status.memory_bytes = tree_memory_bytes(status.jail_pid);
        }
        status.in_flight = counters.in_flight + counters.queued;
        status.unknown_ids = counters.unknown_ids;
    }
    status.unknown_ids += unknown_ids_;
    status.restarts_total = restarts_total_;
    status.tool_count = catalogue_ ? static_cast<int>(catalogue_->tools.size()) : -1;
    status.calls_total = calls_total_;
    status.calls_failed = calls_failed_;
    status.stray_lines = facts.stray_lines;
    status.log_lines_dropped = log_ != nullptr ? log_->dropped_count() : 0;
    status.memory_max_bytes = spec_.sandbox.limits.memory_bytes;
    status.last_exit = last_exit_;
    return status;
}

} // namespace gatehouse::runtime
