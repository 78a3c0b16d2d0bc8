#include "runtime/health/health.hpp"

#include "runtime/health/health_conditions.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

// A word that is true, and what proves it.
struct Verdict {
    HealthWord word = HealthWord::healthy;
    WallTime since;
    std::optional<Error> cause;
    EvidenceSource source = EvidenceSource::none;
    Confidence confidence = Confidence::none;
    bool shown_beside = true; // as a condition, when another word is shown
};

using Verdicts = std::vector<Verdict>;

void add_proved(HealthWord word, const DatedCause& fact, Verdicts& found) {
    found.push_back({word, fact.since, fact.cause, source_of(fact), confidence_of(fact), true});
}

void add_failure(HealthWord word, WallTime since, const HealthFacts& facts, Verdicts& found) {
    const EvidenceSource source =
        facts.last_failure ? source_of_code(facts.last_failure->code) : EvidenceSource::none;
    const Confidence sure = facts.last_failure ? Confidence::certain : Confidence::none;
    found.push_back({word, since, facts.last_failure, source, sure, false});
}

bool has_no_process_work(HealthPhase phase) {
    return phase == HealthPhase::stopped || phase == HealthPhase::idle ||
           phase == HealthPhase::failed || phase == HealthPhase::misconfigured ||
           phase == HealthPhase::unknown;
}

// A start that failed because of the service behind it: that is no fault of the connector.
std::optional<HealthWord> word_of_failed_start(const HealthFacts& facts) {
    const bool tried = facts.phase == HealthPhase::starting ||
                       facts.phase == HealthPhase::waiting || facts.phase == HealthPhase::stopping;
    if (!facts.downstream_since || !facts.last_failure || !tried) {
        return std::nullopt;
    }
    switch (class_of_code(facts.last_failure->code)) {
    case FailureClass::credential:
        return HealthWord::auth_failed;
    case FailureClass::outage:
        return HealthWord::downstream_outage;
    default:
        return std::nullopt;
    }
}

// Since the third failure within ten minutes, in the run of failures that is not broken by ten
// quiet minutes; left by ten minutes of readiness.
std::optional<WallTime> crash_loop_since(const HealthFacts& facts, WallTime now) {
    const auto& failures = facts.failures;
    const bool over =
        facts.phase == HealthPhase::ready && facts.phase_since <= now - crash_loop_window;
    if (over || failures.size() < crash_loop_failures_count) {
        return std::nullopt;
    }
    std::size_t first = failures.size() - 1;
    while (first > 0 && failures[first] - failures[first - 1] < crash_loop_window) {
        --first;
    }
    constexpr std::size_t more = crash_loop_failures_count - 1;
    for (std::size_t at = first; at + more < failures.size(); ++at) {
        if (failures[at + more] - failures[at] < crash_loop_window) {
            return failures[at + more];
        }
    }
    return std::nullopt;
}

Error stuck_error(const HealthFacts& facts) {
    return Error{"GH-P310", "processes of the connector survive the kill", facts.connector,
                 "its process tree is not empty 5 s after SIGKILL",
                 "look for processes in state D with ps; they end when their device answers"};
}

Error silent_error(const HealthFacts& facts) {
    Error cause{"GH-P307", "the connector does not answer", facts.connector,
                std::to_string(facts.liveness.failures_in_row) + " probes in a row got no answer",
                "it is restarted; read `gatehouse logs " + facts.connector + "`"};
    if (facts.liveness.last_error && !facts.liveness.last_error->why.empty()) {
        cause.why += "; the last: " + facts.liveness.last_error->why;
    }
    return cause;
}

void judge_ready(const HealthFacts& facts, Verdicts& found) {
    const LivenessFacts& liveness = facts.liveness;
    if (facts.protocol_violation && facts.protocol_violation->since >= facts.phase_since) {
        add_proved(HealthWord::unhealthy, *facts.protocol_violation, found);
    }
    if (liveness.failures_in_row >= liveness_failures_max_count && !liveness.busy) {
        const WallTime since = liveness.failing_since.value_or(facts.phase_since);
        found.push_back({HealthWord::unhealthy, since, silent_error(facts), EvidenceSource::process,
                         Confidence::certain, true});
    }
    if (liveness.confirmation_due && facts.last_failure) {
        add_failure(HealthWord::unhealthy, facts.phase_since, facts, found);
    }
}

void judge_process(const HealthFacts& facts, WallTime now, Verdicts& found) {
    if (facts.phase == HealthPhase::stuck) {
        found.push_back({HealthWord::unhealthy, facts.phase_since, stuck_error(facts),
                         EvidenceSource::process, Confidence::certain, true});
    }
    if (const auto word = word_of_failed_start(facts)) {
        DatedCause fact;
        fact.since = *facts.downstream_since;
        fact.cause = *facts.last_failure;
        found.push_back(
            {*word, fact.since, fact.cause, source_of(fact), Confidence::certain, true});
        return;
    }
    if (const auto loop = crash_loop_since(facts, now)) {
        add_failure(HealthWord::crash_loop, *loop, facts, found);
    }
    const bool failed_before =
        facts.last_failure_at && *facts.last_failure_at > now - restarted_window;
    switch (facts.phase) {
    case HealthPhase::waiting:
        add_failure(HealthWord::unhealthy, facts.phase_since, facts, found);
        break;
    case HealthPhase::starting:
        if (failed_before) {
            add_failure(HealthWord::unhealthy, facts.phase_since, facts, found);
        }
        break;
    case HealthPhase::ready:
        judge_ready(facts, found);
        break;
    default:
        break;
    }
}

void judge_downstream(const HealthFacts& facts, Verdicts& found) {
    if (facts.refused_credential && is_proof(*facts.refused_credential)) {
        add_proved(HealthWord::auth_failed, *facts.refused_credential, found);
    }
    if (members_prove_refusal(facts.members) && is_proof(*facts.members.refused)) {
        add_proved(HealthWord::auth_failed, *facts.members.refused, found);
    }
    const DeepProbeFacts& probe = facts.deep_probe;
    if (probe.failures_in_row >= deep_probe_failures_max_count && probe.failing &&
        is_proof(*probe.failing)) {
        const bool refused = class_of_code(probe.failing->cause.code) == FailureClass::credential;
        add_proved(refused ? HealthWord::auth_failed : HealthWord::downstream_outage,
                   *probe.failing, found);
    }
    for (const auto& fact : {facts.outage, facts.identity_provider_away}) {
        if (fact && is_proof(*fact)) {
            add_proved(HealthWord::downstream_outage, *fact, found);
        }
    }
    for (const BreakerFact& breaker : facts.breakers) {
        const bool holds =
            breaker.state == BreakerState::open || breaker.state == BreakerState::half_open;
        if (holds && is_proof(breaker.fact)) {
            add_proved(HealthWord::downstream_outage, breaker.fact, found);
        }
    }
}

// Since when nothing is wrong any more: ready, and every condition over.
WallTime healthy_since(const HealthFacts& facts) {
    WallTime since = facts.phase_since;
    const auto end_of = [&](const std::optional<WallTime>& last, std::chrono::seconds hold) {
        if (last) {
            since = std::max(since, *last + hold);
        }
    };
    end_of(facts.last_failure_at, restarted_window);
    end_of(facts.last_stray_at, condition_hold);
    end_of(facts.last_log_drop_at, condition_hold);
    return since;
}

// The word of the phase alone; there is always one.
void judge_phase(const HealthFacts& facts, Verdicts& found) {
    const auto add = [&](HealthWord word) {
        found.push_back(
            {word, facts.phase_since, {}, EvidenceSource::none, Confidence::none, false});
    };
    switch (facts.phase) {
    case HealthPhase::stopped:
        return add(HealthWord::stopped);
    case HealthPhase::misconfigured:
        return add_failure(HealthWord::misconfigured, facts.phase_since, facts, found);
    case HealthPhase::failed:
        return add_failure(HealthWord::failed, facts.phase_since, facts, found);
    case HealthPhase::idle:
        return add_failure(HealthWord::idle, facts.phase_since, facts, found);
    case HealthPhase::unknown:
        return add(HealthWord::unknown);
    case HealthPhase::starting:
        return add(HealthWord::starting);
    case HealthPhase::ready:
        add(HealthWord::healthy);
        found.back().since = healthy_since(facts);
        return;
    default:
        return add(HealthWord::degraded); // it stops, waits or is stuck
    }
}

void judge_conditions(const HealthFacts& facts, const std::vector<FoundCondition>& conditions,
                      Verdicts& found) {
    const bool runs = facts.phase == HealthPhase::ready;
    Verdict verdict;
    verdict.word = HealthWord::degraded;
    verdict.shown_beside = false;
    bool any = false;
    for (const FoundCondition& each : conditions) {
        if (!each.condition.degrades || (each.of_process && !runs)) {
            continue;
        }
        // The first is the most important one: it gives the cause, all of them the date.
        if (!any) {
            verdict.since = each.condition.since;
            verdict.cause = each.condition.cause;
            verdict.source = each.condition.source;
            verdict.confidence = each.confidence;
        }
        verdict.since = std::min(verdict.since, each.condition.since);
        any = true;
    }
    if (any) {
        verdict.since = runs ? std::max(verdict.since, facts.phase_since) : verdict.since;
        found.push_back(std::move(verdict));
    }
}

Health roll_up(const Verdicts& found, const std::vector<FoundCondition>& conditions) {
    const auto worst =
        std::min_element(found.begin(), found.end(), [](const Verdict& a, const Verdict& b) {
            return health_rank(a.word) < health_rank(b.word);
        });
    Health health;
    health.word = worst->word;
    health.since = worst->since;
    health.cause = worst->cause;
    health.source = worst->source;
    health.confidence = worst->confidence;
    for (const FoundCondition& each : conditions) {
        health.conditions.push_back(each.condition);
    }
    for (const Verdict& other : found) {
        if (&other != &*worst && other.shown_beside) {
            health.conditions.push_back({std::string(to_text(other.word)), other.since, other.cause,
                                         other.source, true, true});
        }
    }
    return health;
}

} // namespace

Health judge_health(const HealthFacts& facts, WallTime now) {
    const auto conditions = find_conditions(facts, now);
    Verdicts found;
    if (facts.quarantine) {
        add_proved(HealthWord::quarantined, *facts.quarantine, found);
    }
    if (!has_no_process_work(facts.phase)) {
        judge_process(facts, now, found);
    }
    judge_downstream(facts, found);
    judge_conditions(facts, conditions, found);
    judge_phase(facts, found);
    return roll_up(found, conditions);
}

} // namespace gatehouse::runtime
