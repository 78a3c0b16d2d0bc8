#include "runtime/health/health_conditions.hpp"

#include "runtime/base/units.hpp"

#include <string>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::uint64_t calls_failing_min_count = 20;
constexpr std::uint64_t memory_high_percent = 90;

using Conditions = std::vector<FoundCondition>;

std::string read_logs(const HealthFacts& facts) {
    return "read `gatehouse logs " + facts.connector + "`";
}

Error cause_of(const HealthFacts& facts, const char* code, const char* what) {
    Error cause;
    cause.code = code;
    cause.what = what;
    cause.where = facts.connector;
    cause.action = read_logs(facts);
    return cause;
}

// One that is true as long as the facts say so; the tracker holds it for a while longer.
FoundCondition measured(const char* name, WallTime since, Error cause) {
    FoundCondition found;
    found.condition = {name, since, std::move(cause), EvidenceSource::process, false, true};
    return found;
}

// One that was seen at an instant and is held from then on.
FoundCondition seen(const char* name, WallTime since, std::optional<Error> cause) {
    FoundCondition found;
    found.condition = {name, since, std::move(cause), EvidenceSource::process, true, true};
    return found;
}

bool held_since(const std::optional<WallTime>& last, WallTime now) {
    return last && *last > now - condition_hold;
}

void add_failing_calls(const HealthFacts& facts, Conditions& found) {
    const bool enough = facts.calls_recent >= calls_failing_min_count;
    if (!enough || facts.calls_recent_failed * 10 < facts.calls_recent) {
        return;
    }
    Error cause = facts.last_call_error.value_or(cause_of(facts, "GH-P307", "calls fail"));
    cause.why = std::to_string(facts.calls_recent_failed) + " of the last " +
                std::to_string(facts.calls_recent) + " calls failed by the connector's fault" +
                (cause.why.empty() ? "" : "; the last: " + cause.why);
    const WallTime since = facts.calls_failing_since.value_or(facts.phase_since);
    found.push_back(measured("calls_failing", since, std::move(cause)));
    found.back().condition.source = EvidenceSource::protocol;
    found.back().confidence = Confidence::likely;
}

void add_restarted(const HealthFacts& facts, WallTime now, Conditions& found) {
    if (facts.last_failure_at && *facts.last_failure_at > now - restarted_window) {
        found.push_back(seen("restarted", *facts.last_failure_at, facts.last_failure));
        found.back().condition.source =
            facts.last_failure ? source_of_code(facts.last_failure->code) : EvidenceSource::process;
    }
}

void add_memory(const HealthFacts& facts, WallTime now, Conditions& found) {
    const MemoryFacts& memory = facts.memory;
    if (memory.max_bytes == 0 || memory.used_bytes * 100 < memory.max_bytes * memory_high_percent) {
        return;
    }
    Error cause = cause_of(facts, "GH-P321", "the connector is close to its memory limit");
    cause.why = "it uses " + std::to_string(memory.used_bytes * 100 / memory.max_bytes) + " % of " +
                size_text(memory.max_bytes);
    cause.action = "raise sandbox.limits.memory in its manifest, or look for a leak";
    found.push_back(measured("memory_high", memory.high_since.value_or(now), std::move(cause)));
}

void add_slow(const HealthFacts& facts, WallTime now, Conditions& found) {
    const LatencyFacts& latency = facts.latency;
    if (latency.slo.count() == 0 || latency.p95 <= latency.slo) {
        return;
    }
    Error cause = cause_of(facts, "GH-P320", "calls take longer than the connector's objective");
    cause.why = "95 % of the calls end within " + std::to_string(latency.p95.count()) +
                " ms, and the objective is " + std::to_string(latency.slo.count()) + " ms";
    cause.action = "look at `gatehouse top`, and at what is behind it";
    found.push_back(measured("slow", latency.over_since.value_or(now), std::move(cause)));
}

void add_busy(const HealthFacts& facts, WallTime now, Conditions& found) {
    const LivenessFacts& liveness = facts.liveness;
    if (!liveness.busy || liveness.failures_in_row == 0) {
        return;
    }
    Error cause = cause_of(facts, "GH-P307", "the connector is too busy to answer probes");
    cause.why = std::to_string(liveness.failures_in_row) +
                " probes got no answer, while it used the processor or wrote output";
    found.push_back(measured("busy", liveness.failing_since.value_or(now), std::move(cause)));
}

void add_tools_held(const HealthFacts& facts, WallTime now, Conditions& found) {
    if (facts.tools_held == 0) {
        return;
    }
    Error cause = cause_of(facts, "GH-S601", "tools of the connector have changed and are held");
    cause.why = std::to_string(facts.tools_held) + " are not what was approved";
    cause.action = "compare them with `gatehouse tools " + facts.connector + "` and approve them";
    found.push_back(measured("tools_held", facts.tools_held_since.value_or(now), std::move(cause)));
    found.back().condition.source = EvidenceSource::protocol;
    found.back().of_process = false;
}

void add_noise(const HealthFacts& facts, WallTime now, Conditions& found) {
    if (!held_since(facts.last_stray_at, now)) {
        return;
    }
    Error cause = cause_of(facts, "GH-M401",
                           "the connector writes text to stdout that is no protocol message");
    cause.why = std::to_string(facts.stray_lines) + " stray lines so far";
    cause.action = "make it log to stderr; " + cause.action;
    found.push_back(seen("stdout_noise", *facts.last_stray_at, std::move(cause)));
    found.back().condition.source = EvidenceSource::protocol;
}

void add_dropped(const HealthFacts& facts, WallTime now, Conditions& found) {
    if (!held_since(facts.last_log_drop_at, now)) {
        return;
    }
    Error cause = cause_of(facts, "GH-L801", "the connector logs faster than is kept");
    cause.why = std::to_string(facts.log_lines_dropped) + " lines dropped so far";
    cause.action = "lower its log level";
    found.push_back(seen("logs_dropped", *facts.last_log_drop_at, std::move(cause)));
}

// Of the service behind it: held for a while after the last time it was seen.
void add_fact(const char* name, const std::optional<DatedCause>& fact, WallTime now,
              Conditions& found) {
    if (!fact || !held_since(fact->last_seen.value_or(fact->since), now)) {
        return;
    }
    found.push_back(seen(name, fact->since, fact->cause));
    found.back().condition.source = source_of(*fact);
    found.back().of_process = false;
    found.back().confidence = confidence_of(*fact);
}

// What claims more than its source or its code can prove becomes the condition that it does prove.
void add_unproved(const char* name, const std::optional<DatedCause>& fact, Conditions& found) {
    if (!fact || is_proof(*fact)) {
        return;
    }
    const bool ours = class_of_code(fact->cause.code) == FailureClass::policy;
    found.push_back(measured(ours ? "blocked" : name, fact->since, fact->cause));
    found.back().condition.source = source_of(*fact);
    found.back().of_process = false;
    found.back().confidence = ours ? Confidence::certain : Confidence::suspected;
}

void add_recovering(const HealthFacts& facts, Conditions& found) {
    for (const BreakerFact& breaker : facts.breakers) {
        if (breaker.state == BreakerState::recovering) {
            found.push_back(seen("recovering", breaker.fact.since, breaker.fact.cause));
            found.back().condition.source = source_of(breaker.fact);
            found.back().of_process = false;
            return;
        }
    }
}

void add_members(const HealthFacts& facts, Conditions& found) {
    const MemberFacts& members = facts.members;
    if (members.refused_count == 0 || !members.refused || members_prove_refusal(members)) {
        return;
    }
    found.push_back(measured("members_refused", members.refused->since, members.refused->cause));
    found.back().condition.source = source_of(*members.refused);
    found.back().condition.degrades = false;
    found.back().of_process = false;
}

} // namespace

bool is_proof(const DatedCause& fact) {
    return source_of(fact) != EvidenceSource::text &&
           class_of_code(fact.cause.code) != FailureClass::policy;
}

EvidenceSource source_of(const DatedCause& fact) {
    return fact.source == EvidenceSource::none ? source_of_code(fact.cause.code) : fact.source;
}

Confidence confidence_of(const DatedCause& fact) {
    switch (source_of(fact)) {
    case EvidenceSource::text:
        return Confidence::suspected;
    case EvidenceSource::protocol:
        // An HTTP status is seen; without one it is what the connector says of itself.
        return fact.http_status != 0 ? Confidence::certain : Confidence::likely;
    default:
        return Confidence::certain;
    }
}

bool members_prove_refusal(const MemberFacts& members) {
    return members.refused.has_value() && members.active_count >= members_active_min_count &&
           members.refused_count * 2 >= members.active_count;
}

std::vector<FoundCondition> find_conditions(const HealthFacts& facts, WallTime now) {
    Conditions found;
    add_failing_calls(facts, found);
    add_restarted(facts, now, found);
    add_memory(facts, now, found);
    add_recovering(facts, found);
    add_fact("blocked", facts.blocked, now, found);
    add_unproved("suspected_auth", facts.refused_credential, found);
    add_unproved("suspected_downstream", facts.outage, found);
    if (facts.deep_probe.failures_in_row >= deep_probe_failures_max_count) {
        add_unproved("suspected_downstream", facts.deep_probe.failing, found);
    }
    add_tools_held(facts, now, found);
    add_slow(facts, now, found);
    add_busy(facts, now, found);
    add_fact("suspected_auth", facts.suspected_auth, now, found);
    add_fact("suspected_downstream", facts.suspected_downstream, now, found);
    add_noise(facts, now, found);
    add_dropped(facts, now, found);
    add_members(facts, found);
    return found;
}

} // namespace gatehouse::runtime
