// The facts of a connector for its health, and the row that `ls` and `status` show.
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

// A look at a tree costs some files of the kernel; `ls` over hundreds of connectors is not to pay
// for each of them every time.
constexpr milliseconds status_use_max_age{1000};

// So many failed deep probes in a row are an outage in judge_health.
constexpr int deep_failures_for_health = 3;

} // namespace

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
    case InstanceState::quarantined:
        return HealthPhase::failed; // quarantine itself is a fact of its own
    case InstanceState::stuck:
        return HealthPhase::stuck;
    default:
        return HealthPhase::stopping;
    }
}

// A failed probe counts as it does for health when the manifest's own count is reached, not before.
DeepProbeFacts LifecycleSlot::deep_facts() const {
    DeepProbeFacts facts = deep_;
    const bool enough = facts.failures_in_row >= spec_.health.deep.failures;
    facts.failures_in_row = enough ? std::max(facts.failures_in_row, deep_failures_for_health)
                                   : std::min(facts.failures_in_row, deep_failures_for_health - 1);
    return facts;
}

HealthFacts LifecycleSlot::facts() const {
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
    const SteadyTime steady = host_.clock.steady_now();
    const WallTime wall = host_.clock.wall_now();
    facts.outage = evidence_.outage(steady);
    facts.blocked = evidence_.blocked();
    facts.last_answer_at = last_answer_at_;
    facts.last_call_error = last_call_error_;
    facts.quarantine = quarantine_;
    facts.deep_probe = deep_facts();
    facts.suspected_auth = text_evidence_.suspected_auth(wall);
    facts.suspected_downstream = text_evidence_.suspected_downstream(wall);
    facts.restarts.total = restarts_total_;
    facts.restarts.window = backoff_.failures_within(spec_.restart.window, steady);
    facts.restarts.budget = spec_.restart.failures;
    facts.latency.p95 =
        std::chrono::duration_cast<milliseconds>(call_window_.percentile(95, steady));
    facts.latency.slo = spec_.health.slo_p95;
    facts.latency.over_since = over_slo_since_;
    if (state_ == InstanceState::backoff) {
        facts.next_attempt_at = wall + (next_attempt_ - loop_now());
    }
    if (instance_) {
        facts.liveness = instance_->liveness.facts();
        facts.protocol_violation = instance_->violation;
        facts.memory.used_bytes = instance_->sampled.use.memory_bytes;
        facts.memory.max_bytes = instance_->sampled.memory_max_bytes;
        facts.memory.high_since = memory_high_since_;
    }
    return facts;
}

ConnectorStatus LifecycleSlot::status() const {
    const HealthFacts known = facts();
    const Health health = judge_health(known, host_.clock.wall_now());
    ConnectorStatus status;
    status.name = spec_.name;
    status.title = spec_.title;
    status.health = to_text(health.word);
    status.lifecycle = to_text(state_);
    status.cause = health.cause;
    status.since = health.since;
    status.conditions = health.conditions;
    status.next_attempt_at = known.next_attempt_at;
    if (instance_) {
        add_instance(status);
    }
    status.unknown_ids += unknown_ids_;
    status.restarts_total = restarts_total_;
    status.tool_count = catalogue_ ? static_cast<int>(catalogue_->tools.size()) : -1;
    status.calls_total = calls_total_;
    status.calls_failed = calls_failed_;
    status.calls_recent = known.calls_recent;
    status.calls_recent_failed = known.calls_recent_failed;
    status.p95_ms = known.latency.p95.count();
    status.stray_lines = known.stray_lines;
    status.log_lines_dropped = log_ != nullptr ? log_->dropped_count() : 0;
    status.log_cursor = log_ != nullptr ? log_->last_seq() : 0;
    status.memory_max_bytes = spec_.sandbox.limits.memory_bytes;
    status.last_exit = last_exit_;
    status.evidence = make_evidence(known, health);
    status.evidence.instance = status.instance;
    status.evidence.exit = exit_;
    status.evidence.log_cursor = exit_cursor_;
    return status;
}

void LifecycleSlot::add_instance(ConnectorStatus& status) const {
    const SessionCounters& counters = instance_->session->counters();
    status.started_at = instance_->started_at;
    status.instance = instance_->id;
    status.in_flight = counters.in_flight + counters.queued;
    status.unknown_ids = counters.unknown_ids;
    if (instance_->child) {
        const SampledUse& sampled = use_of(*instance_, status_use_max_age);
        status.jail_pid = instance_->child->jail_pid();
        status.memory_bytes = sampled.use.memory_bytes;
        status.cpu_percent = sampled.cpu_percent;
    }
}

} // namespace gatehouse::runtime
