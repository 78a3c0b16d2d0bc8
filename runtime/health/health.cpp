#include "runtime/health/health.hpp"

#include "runtime/base/assert.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::uint64_t calls_failing_min_count = 20;

std::string health_logs_action(const HealthFacts& facts) {
    return "read `gatehouse logs " + facts.connector + "`";
}

void add_restarted(const HealthFacts& facts, WallTime now, std::vector<HealthCondition>& found) {
    if (facts.last_failure_at && *facts.last_failure_at > now - restarted_window) {
        found.push_back({"restarted", *facts.last_failure_at, facts.last_failure,
                         EvidenceSource::process, true});
    }
}

void add_noise(const HealthFacts& facts, WallTime now, std::vector<HealthCondition>& found) {
    if (!facts.last_stray_at || *facts.last_stray_at <= now - condition_hold) {
        return;
    }
    Error cause;
    cause.code = "GH-M401";
    cause.what = "the connector writes text to stdout that is no protocol message";
    cause.where = facts.connector;
    cause.why = std::to_string(facts.stray_lines) + " stray lines so far";
    cause.action = "make it log to stderr; " + health_logs_action(facts);
    found.push_back(
        {"stdout_noise", *facts.last_stray_at, std::move(cause), EvidenceSource::process, true});
}

void add_dropped(const HealthFacts& facts, WallTime now, std::vector<HealthCondition>& found) {
    if (!facts.last_log_drop_at || *facts.last_log_drop_at <= now - condition_hold) {
        return;
    }
    Error cause;
    cause.code = "GH-L801";
    cause.what = "the connector logs faster than is kept";
    cause.where = facts.connector;
    cause.why = std::to_string(facts.log_lines_dropped) + " lines dropped so far";
    cause.action = "lower its log level";
    found.push_back(
        {"logs_dropped", *facts.last_log_drop_at, std::move(cause), EvidenceSource::process, true});
}

void add_failing_calls(const HealthFacts& facts, std::vector<HealthCondition>& found) {
    const bool enough = facts.calls_recent >= calls_failing_min_count;
    if (!enough || facts.calls_recent_failed * 10 < facts.calls_recent) {
        return;
    }
    Error cause;
    cause.code = "GH-P307";
    cause.what = "calls fail";
    cause.where = facts.connector;
    cause.why = std::to_string(facts.calls_recent_failed) + " of the last " +
                std::to_string(facts.calls_recent) + " calls got no answer";
    cause.action = health_logs_action(facts);
    const WallTime since = facts.calls_failing_since.value_or(facts.phase_since);
    found.push_back({"calls_failing", since, std::move(cause), EvidenceSource::process, true});
}

std::vector<HealthCondition> conditions_of(const HealthFacts& facts, WallTime now) {
    std::vector<HealthCondition> found;
    add_restarted(facts, now, found);
    add_noise(facts, now, found);
    add_dropped(facts, now, found);
    add_failing_calls(facts, found);
    return found;
}

// The third failure of the run that is still inside the window, if there are as many.
std::optional<WallTime> crash_loop_since(const HealthFacts& facts, WallTime now) {
    std::vector<WallTime> recent;
    for (const WallTime failure : facts.failures) {
        if (failure > now - crash_loop_window) {
            recent.push_back(failure);
        }
    }
    if (static_cast<int>(recent.size()) < crash_loop_failures_count) {
        return std::nullopt;
    }
    return recent[crash_loop_failures_count - 1];
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

Error stuck_error(const HealthFacts& facts) {
    Error cause;
    cause.code = "GH-P310";
    cause.what = "processes of the connector survive the kill";
    cause.where = facts.connector;
    cause.why = "its process tree is not empty 5 s after SIGKILL";
    cause.action = "look for processes in state D with ps; they end when their device answers";
    return cause;
}

Health settled(HealthWord word, const HealthFacts& facts) {
    Health health;
    health.word = word;
    health.since = facts.phase_since;
    const bool explains = word == HealthWord::failed || word == HealthWord::misconfigured;
    if (explains || (word == HealthWord::idle && facts.last_failure)) {
        health.cause = facts.last_failure;
    }
    return health;
}

Health judge_ready(const HealthFacts& facts, std::vector<HealthCondition>& found) {
    Health health;
    if (const auto& fact = facts.refused_credential ? facts.refused_credential : facts.outage) {
        health.word =
            facts.refused_credential ? HealthWord::auth_failed : HealthWord::downstream_outage;
        health.since = fact->since;
        health.cause = fact->cause;
        return health;
    }
    if (found.empty()) {
        health.word = HealthWord::healthy;
        health.since = healthy_since(facts);
        return health;
    }
    const auto earliest = std::min_element(
        found.begin(), found.end(), [](const auto& a, const auto& b) { return a.since < b.since; });
    health.word = HealthWord::degraded;
    health.since = std::max(earliest->since, facts.phase_since);
    health.cause = found.front().cause;
    return health;
}

std::optional<HealthWord> word_of_downstream(const Error& failure) {
    if (tells_refused_credential(failure)) {
        return HealthWord::auth_failed;
    }
    return tells_outage(failure) ? std::optional(HealthWord::downstream_outage) : std::nullopt;
}

Health judge_running(const HealthFacts& facts, WallTime now, std::vector<HealthCondition>& found) {
    Health health;
    health.since = facts.phase_since;
    const bool failed_before =
        facts.last_failure_at && !found.empty() && found.front().name == "restarted";
    if (facts.downstream_since && facts.last_failure && facts.phase != HealthPhase::stuck) {
        // A service elsewhere that cannot be had is no crash of the connector.
        const auto word = word_of_downstream(*facts.last_failure);
        if (word) {
            health.word = *word;
            health.since = *facts.downstream_since;
            health.cause = facts.last_failure;
            return health;
        }
    }
    if (const auto loop = crash_loop_since(facts, now)) {
        health.word = HealthWord::crash_loop;
        health.since = *loop;
        health.cause = facts.last_failure;
        return health;
    }
    switch (facts.phase) {
    case HealthPhase::stuck:
        health.word = HealthWord::unhealthy;
        health.cause = stuck_error(facts);
        return health;
    case HealthPhase::waiting:
        health.word = HealthWord::unhealthy;
        health.cause = facts.last_failure;
        return health;
    case HealthPhase::starting:
        health.word = failed_before ? HealthWord::unhealthy : HealthWord::starting;
        health.cause = failed_before ? facts.last_failure : std::nullopt;
        return health;
    case HealthPhase::stopping:
        health.word = HealthWord::degraded;
        return health;
    default:
        return judge_ready(facts, found);
    }
}

} // namespace

std::string_view to_text(HealthWord word) {
    constexpr std::string_view texts[] = {
        "unknown",   "starting",      "healthy",           "degraded",
        "unhealthy", "auth_failed",   "downstream_outage", "crash_loop",
        "failed",    "misconfigured", "quarantined",       "idle",
        "stopped"};
    return texts[static_cast<std::size_t>(word)];
}

int health_rank(HealthWord word) {
    constexpr HealthWord worst_first[] = {
        HealthWord::stopped,     HealthWord::quarantined,       HealthWord::misconfigured,
        HealthWord::failed,      HealthWord::crash_loop,        HealthWord::unhealthy,
        HealthWord::auth_failed, HealthWord::downstream_outage, HealthWord::degraded,
        HealthWord::starting,    HealthWord::unknown,           HealthWord::idle,
        HealthWord::healthy};
    return static_cast<int>(std::find(std::begin(worst_first), std::end(worst_first), word) -
                            std::begin(worst_first));
}

std::string_view to_text(Confidence confidence) {
    constexpr std::string_view texts[] = {"", "suspected", "likely", "certain"};
    return texts[static_cast<std::size_t>(confidence)];
}

std::string_view to_text(BreakerState state) {
    constexpr std::string_view texts[] = {"closed", "open", "half_open", "recovering"};
    return texts[static_cast<std::size_t>(state)];
}

Health judge_health(const HealthFacts& facts, WallTime now) {
    auto found = conditions_of(facts, now);
    Health health;
    switch (facts.phase) {
    case HealthPhase::stopped:
        health = settled(HealthWord::stopped, facts);
        break;
    case HealthPhase::misconfigured:
        health = settled(HealthWord::misconfigured, facts);
        break;
    case HealthPhase::failed:
        health = settled(HealthWord::failed, facts);
        break;
    case HealthPhase::idle:
        health = settled(HealthWord::idle, facts);
        break;
    case HealthPhase::unknown:
        health = settled(HealthWord::unknown, facts);
        break;
    default:
        health = judge_running(facts, now, found);
    }
    for (const auto& condition : found) {
        health.conditions.push_back(condition);
    }
    return health;
}

} // namespace gatehouse::runtime
