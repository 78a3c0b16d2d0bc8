#include "runtime/health/evidence.hpp"

#include "runtime/base/cause_codes.hpp"
#include "runtime/health/health_conditions.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gatehouse::runtime {

namespace {

Json time_or_null(const std::optional<WallTime>& time) {
    return time ? Json(rfc3339_text(*time)) : Json(nullptr);
}

// "" and 0 say that nothing is known.
Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

template <class Number>
Json number_or_null(Number number) {
    return number == 0 ? Json(nullptr) : Json(number);
}

std::string code_of(const Health& health) {
    return health.cause ? health.cause->code : std::string();
}

// The dated fact that the word was judged from, for its host and status.
const DatedCause* fact_behind(const HealthFacts& facts, const Health& health) {
    std::vector<const std::optional<DatedCause>*> all = {&facts.quarantine,
                                                         &facts.protocol_violation,
                                                         &facts.refused_credential,
                                                         &facts.members.refused,
                                                         &facts.deep_probe.failing,
                                                         &facts.outage,
                                                         &facts.identity_provider_away,
                                                         &facts.blocked,
                                                         &facts.suspected_auth,
                                                         &facts.suspected_downstream};
    const auto fits = [&](const DatedCause& fact) {
        return fact.cause.code == code_of(health) && fact.cause.what == health.cause->what;
    };
    for (const auto* fact : all) {
        if (health.cause && *fact && fits(**fact)) {
            return &**fact;
        }
    }
    for (const BreakerFact& breaker : facts.breakers) {
        if (health.cause && fits(breaker.fact)) {
            return &breaker.fact;
        }
    }
    return nullptr;
}

// Who acts on a word that has no cause code.
std::string who_of(const Health& health) {
    const CauseCode* entry = find_cause_code(code_of(health));
    if (entry != nullptr) {
        return std::string(entry->who.substr(0, entry->who.find(':')));
    }
    switch (health.word) {
    case HealthWord::stopped:
        return "operator";
    case HealthWord::quarantined:
        return "admin";
    case HealthWord::failed:
    case HealthWord::misconfigured:
    case HealthWord::crash_loop:
        return "team";
    default:
        return "nobody";
    }
}

// The one command that leads on from here; empty where there is nothing but to wait.
std::string verb_of(const Health& health, const std::string& name) {
    switch (health.word) {
    case HealthWord::stopped:
        return "gatehouse start " + name;
    case HealthWord::failed:
        return "gatehouse restart " + name;
    case HealthWord::crash_loop:
        return "gatehouse logs " + name + " --previous";
    case HealthWord::misconfigured:
    case HealthWord::quarantined:
    case HealthWord::auth_failed:
        return "gatehouse describe " + name;
    case HealthWord::unhealthy:
    case HealthWord::degraded:
        return health.cause ? "gatehouse logs " + name : "";
    default:
        return "";
    }
}

std::string scope_of(const Health& health, const DatedCause* fact) {
    if (fact != nullptr && !fact->host.empty()) {
        return "host";
    }
    const std::string code = code_of(health);
    const bool process = code.starts_with("GH-P3") || code.starts_with("GH-L8");
    return process && health.word != HealthWord::crash_loop && health.word != HealthWord::failed
               ? "instance"
               : "connector";
}

std::string summary_of(const HealthFacts& facts, const Health& health) {
    std::string summary = facts.connector + " is " + std::string(to_text(health.word));
    if (!health.cause) {
        return summary;
    }
    summary += ": " + health.cause->code + " " + health.cause->what;
    if (!health.cause->why.empty()) {
        summary += " (" + health.cause->why + ")";
    }
    std::replace_if(
        summary.begin(), summary.end(), [](char byte) { return byte == '\n' || byte == '\r'; },
        ' ');
    return summary;
}

Json counters_json(const Evidence& evidence) {
    Json json = Json::object();
    json["calls_recent"] = evidence.calls_recent;
    json["calls_recent_failed"] = evidence.calls_recent_failed;
    json["p95_ms"] = number_or_null(evidence.p95.count());
    return json;
}

Json restarts_json(const Evidence& evidence) {
    Json json = Json::object();
    json["total"] = evidence.restarts_total;
    json["window"] = evidence.restarts_window;
    json["budget"] = evidence.restarts_budget;
    return json;
}

Json action_json(const Evidence& evidence) {
    Json json = Json::object();
    json["who"] = text_or_null(evidence.who);
    json["verb"] = text_or_null(evidence.verb);
    json["url"] = text_or_null(evidence.url);
    return json;
}

} // namespace

Json error_json(const std::optional<Error>& error) {
    if (!error) {
        return nullptr;
    }
    Json json = Json::object();
    json["code"] = error->code;
    json["what"] = error->what;
    json["where"] = error->where;
    json["why"] = error->why;
    json["action"] = error->action;
    return json;
}

Json health_conditions_json(const std::vector<HealthCondition>& conditions) {
    Json json = Json::array();
    for (const HealthCondition& condition : conditions) {
        Json entry = Json::object();
        entry["name"] = condition.name;
        entry["since"] = rfc3339_text(condition.since);
        entry["cause"] = error_json(condition.cause);
        entry["source"] = to_text(condition.source);
        json.push_back(std::move(entry));
    }
    return json;
}

Json exit_json(const ExitEvidence& exit) {
    Json json = Json::object();
    json["result"] = exit.result;
    json["code"] = exit.code;
    json["signal"] = exit.signal;
    json["core"] = exit.core;
    json["uptime_ms"] = exit.uptime.count();
    json["mem_peak"] = number_or_null(exit.memory_peak_bytes);
    json["mem_max"] = number_or_null(exit.memory_max_bytes);
    return json;
}

Evidence make_evidence(const HealthFacts& facts, const Health& health) {
    const DatedCause* fact = fact_behind(facts, health);
    Evidence evidence;
    evidence.connector = facts.connector;
    evidence.health = health;
    evidence.source = health.source;
    evidence.confidence = to_text(health.confidence);
    evidence.summary = summary_of(facts, health);
    evidence.who = who_of(health);
    evidence.verb = verb_of(health, facts.connector);
    evidence.scope = scope_of(health, fact);
    if (fact != nullptr) {
        evidence.host = fact->host;
        evidence.http_status = fact->http_status;
        evidence.oauth_error = fact->oauth_error;
        evidence.first_seen = fact->since;
        evidence.last_seen = fact->last_seen.value_or(fact->since);
    } else if (health.cause) {
        evidence.first_seen = health.since;
        const bool of_failure = facts.last_failure && facts.last_failure->code == code_of(health);
        evidence.last_seen = of_failure ? facts.last_failure_at : std::nullopt;
    }
    evidence.last_ok = facts.last_answer_at;
    if (facts.liveness.last_ok) {
        evidence.last_ok = std::max(evidence.last_ok.value_or(WallTime()), *facts.liveness.last_ok);
    }
    evidence.next_attempt_at = facts.next_attempt_at;
    for (const BreakerFact& breaker : facts.breakers) {
        if (!evidence.next_attempt_at && health.word == HealthWord::downstream_outage) {
            evidence.next_attempt_at = breaker.next_attempt_at;
        }
    }
    evidence.calls_recent = facts.calls_recent;
    evidence.calls_recent_failed = facts.calls_recent_failed;
    evidence.p95 = facts.latency.p95;
    evidence.restarts_total = facts.restarts.total;
    evidence.restarts_window = facts.restarts.window;
    evidence.restarts_budget = facts.restarts.budget;
    return evidence;
}

Json evidence_json(const Evidence& evidence) {
    Json json = Json::object();
    json["connector"] = evidence.connector;
    json["health"] = to_text(evidence.health.word);
    json["since"] = rfc3339_text(evidence.health.since);
    json["cause"] = error_json(evidence.health.cause);
    json["summary"] = evidence.summary;
    json["action"] = action_json(evidence);
    json["scope"] = text_or_null(evidence.scope);
    json["confidence"] = text_or_null(evidence.confidence);
    json["source"] = text_or_null(std::string(to_text(evidence.source)));
    json["revision"] = text_or_null(evidence.revision);
    json["instance"] = number_or_null(evidence.instance.value);
    json["host"] = text_or_null(evidence.host);
    json["http_status"] = number_or_null(evidence.http_status);
    json["oauth_error"] = text_or_null(evidence.oauth_error);
    json["exit"] = evidence.exit ? exit_json(*evidence.exit) : Json(nullptr);
    json["counters"] = counters_json(evidence);
    json["first_seen"] = time_or_null(evidence.first_seen);
    json["last_seen"] = time_or_null(evidence.last_seen);
    json["last_ok"] = time_or_null(evidence.last_ok);
    json["next_attempt_at"] = time_or_null(evidence.next_attempt_at);
    json["restarts"] = restarts_json(evidence);
    json["trace_id"] = text_or_null(evidence.trace_id);
    json["log_cursor"] = number_or_null(evidence.log_cursor);
    Json lines = Json::array();
    const std::size_t skipped =
        evidence.last_lines.size() - std::min(evidence.last_lines.size(), evidence_lines_max_count);
    for (std::size_t at = skipped; at < evidence.last_lines.size(); ++at) {
        lines.push_back(evidence.last_lines[at]);
    }
    json["last_lines"] = std::move(lines);
    json["conditions"] = health_conditions_json(evidence.health.conditions);
    return json;
}

} // namespace gatehouse::runtime
