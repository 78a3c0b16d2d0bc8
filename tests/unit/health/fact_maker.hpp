// Facts for the tests of health: a base that is well, and changes to it by name.
#pragma once

#include "runtime/health/health.hpp"

#include <algorithm>
#include <string>

namespace gatehouse::runtime::fact_maker {

inline const WallTime fact_now{std::chrono::seconds(1'700'000'000)};

inline WallTime ago(std::chrono::seconds age) {
    return fact_now - age;
}

inline Error error_of(const std::string& code) {
    return Error{code, "what of " + code, "notes", "why", "do"};
}

inline HealthFacts base_facts(HealthPhase phase = HealthPhase::ready) {
    HealthFacts facts;
    facts.connector = "notes";
    facts.phase = phase;
    facts.phase_since = ago(std::chrono::hours(1));
    return facts;
}

inline DatedCause fact_of(const std::string& code, EvidenceSource source = EvidenceSource::none,
                          int status = 0) {
    DatedCause fact;
    fact.since = ago(std::chrono::seconds(20));
    fact.cause = error_of(code);
    fact.source = source;
    fact.http_status = status;
    fact.last_seen = ago(std::chrono::seconds(5));
    return fact;
}

inline BreakerFact breaker_of(BreakerState state, const std::string& code = "GH-D202") {
    BreakerFact breaker;
    breaker.host = "api.example.com";
    breaker.state = state;
    breaker.fact = fact_of(code);
    breaker.fact.host = breaker.host;
    return breaker;
}

inline void add_failures(HealthFacts& facts, const std::string& code, int count) {
    facts.last_failure = error_of(code);
    facts.last_failure_at = ago(std::chrono::seconds(10));
    for (int left = count; left > 0; --left) {
        facts.failures.push_back(ago(std::chrono::seconds(10 * left)));
    }
}

inline bool shows(const Health& health, const std::string& name) {
    return std::any_of(health.conditions.begin(), health.conditions.end(),
                       [&](const HealthCondition& each) { return each.name == name; });
}

} // namespace gatehouse::runtime::fact_maker
