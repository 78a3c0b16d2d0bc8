// The confusion matrix on the pure level: situations, and the word, cause and source each must
// give.
#include "runtime/health/downstream_evidence.hpp"
#include "tests/unit/health/fact_maker.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <vector>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::fact_maker;

namespace {

using Change = std::function<void(HealthFacts&)>;

struct Situation {
    std::string name;
    Change change;
    HealthWord word;
    std::string code;
    EvidenceSource source;
};

// What DownstreamEvidence makes of so many calls in a row that fail with this code.
Change failing_calls(const std::string& code, int times, int answered_before = 0) {
    return [=](HealthFacts& facts) {
        DownstreamEvidence evidence;
        const SteadyTime now{std::chrono::hours(1)};
        for (int count = 0; count < answered_before; ++count) {
            evidence.add_answer(now);
        }
        for (int count = 0; count < times; ++count) {
            evidence.add_failure(error_of(code), ago(std::chrono::seconds(times - count)), now);
        }
        facts.refused_credential = evidence.refused();
        facts.outage = evidence.outage(now);
        facts.blocked = evidence.blocked();
    };
}

Change failed_start(const std::string& code, HealthPhase phase) {
    return [=](HealthFacts& facts) {
        facts.phase = phase;
        facts.phase_since = ago(std::chrono::seconds(10));
        facts.last_failure = error_of(code);
        facts.last_failure_at = ago(std::chrono::seconds(10));
        facts.downstream_since = ago(std::chrono::seconds(60));
    };
}

Change ended(const std::string& code, int times, HealthPhase phase) {
    return [=](HealthFacts& facts) {
        facts.phase = phase;
        facts.phase_since = ago(std::chrono::seconds(5));
        add_failures(facts, code, times);
    };
}

Change text_says(bool auth) {
    return [=](HealthFacts& facts) {
        const DatedCause fact = fact_of(auth ? "GH-A115" : "GH-D211", EvidenceSource::text);
        (auth ? facts.suspected_auth : facts.suspected_downstream) = fact;
    };
}

constexpr auto none = EvidenceSource::none;
constexpr auto s1 = EvidenceSource::credential;
constexpr auto s2 = EvidenceSource::egress;
constexpr auto s3 = EvidenceSource::protocol;
constexpr auto s4 = EvidenceSource::process;
constexpr auto s5 = EvidenceSource::text;

std::vector<Situation> service_situations() {
    using enum HealthWord;
    return {
        {"well", [](HealthFacts&) {}, healthy, "", none},
        {"401 three times", failing_calls("GH-A103", 3), auth_failed, "GH-A103", s3},
        {"403 three times", failing_calls("GH-A104", 3), auth_failed, "GH-A104", s3},
        {"401 twice", failing_calls("GH-A103", 2), healthy, "", none},
        {"renewal refused once", failing_calls("GH-A101", 1), auth_failed, "GH-A101", s1},
        {"no such name", failing_calls("GH-D201", 5), downstream_outage, "GH-D201", s2},
        {"refused", failing_calls("GH-D202", 5), downstream_outage, "GH-D202", s2},
        {"TLS", failing_calls("GH-D203", 5), downstream_outage, "GH-D203", s2},
        {"too slow", failing_calls("GH-D204", 5), downstream_outage, "GH-D204", s2},
        {"500", failing_calls("GH-D205", 5), downstream_outage, "GH-D205", s3},
        {"429", failing_calls("GH-D206", 5), downstream_outage, "GH-D206", s3},
        {"refused four times", failing_calls("GH-D202", 4), healthy, "", none},
        {"a few of many", failing_calls("GH-D205", 6, 20), healthy, "", none},
        {"half of them", failing_calls("GH-D205", 6, 6), downstream_outage, "GH-D205", s3},
        {"our own block", failing_calls("GH-D208", 50), degraded, "GH-D208", s2},
        {"our journal", failing_calls("GH-G901", 50), degraded, "GH-G901", none},
        {"stopped on purpose", failing_calls("GH-P311", 50), healthy, "", none},
        {"the caller's fault", failing_calls("GH-M421", 50), healthy, "", none},
        {"cancelled calls", failing_calls("GH-R704", 50), healthy, "", none},
        {"text of auth", text_says(true), degraded, "GH-A115", s5},
        {"text of an outage", text_says(false), degraded, "GH-D211", s5},
        {"identity provider away",
         [](HealthFacts& facts) { facts.identity_provider_away = fact_of("GH-D207"); },
         downstream_outage, "GH-D207", s1},
        {"deep probe fails", [](HealthFacts& facts) { facts.deep_probe = {3, fact_of("GH-D205")}; },
         downstream_outage, "GH-D205", s3},
        {"deep probe is refused",
         [](HealthFacts& facts) { facts.deep_probe = {3, fact_of("GH-A103")}; }, auth_failed,
         "GH-A103", s3},
        {"deep probe failed twice",
         [](HealthFacts& facts) { facts.deep_probe = {2, fact_of("GH-D205")}; }, healthy, "", none},
        {"deep probe is blocked by us",
         [](HealthFacts& facts) { facts.deep_probe = {9, fact_of("GH-D208")}; }, degraded,
         "GH-D208", s2},
        {"breaker open",
         [](HealthFacts& facts) { facts.breakers = {breaker_of(BreakerState::open)}; },
         downstream_outage, "GH-D202", s2},
        {"breaker half open",
         [](HealthFacts& facts) { facts.breakers = {breaker_of(BreakerState::half_open)}; },
         downstream_outage, "GH-D202", s2},
        {"breaker recovers",
         [](HealthFacts& facts) { facts.breakers = {breaker_of(BreakerState::recovering)}; },
         degraded, "GH-D202", s2},
        {"half of the members refused",
         [](HealthFacts& facts) { facts.members = {4, 2, fact_of("GH-A103")}; }, auth_failed,
         "GH-A103", s3},
        {"one of many members refused",
         [](HealthFacts& facts) { facts.members = {4, 1, fact_of("GH-A103")}; }, healthy, "", none},
        {"two members are too few to tell",
         [](HealthFacts& facts) { facts.members = {2, 2, fact_of("GH-A103")}; }, healthy, "", none},
        {"401 and an outage",
         [](HealthFacts& facts) {
             failing_calls("GH-D205", 9)(facts);
             facts.refused_credential = fact_of("GH-A103", s3, 401);
         },
         auth_failed, "GH-A103", s3},
        {"start fails with 401", failed_start("GH-A103", HealthPhase::waiting), auth_failed,
         "GH-A103", s3},
        {"start is refused", failed_start("GH-D202", HealthPhase::starting), downstream_outage,
         "GH-D202", s2},
    };
}

std::vector<Situation> process_situations() {
    using enum HealthWord;
    return {
        {"crashed once", ended("GH-P302", 1, HealthPhase::waiting), unhealthy, "GH-P302", s4},
        {"exits", ended("GH-P301", 2, HealthPhase::waiting), unhealthy, "GH-P301", s4},
        {"crash loop", ended("GH-P301", 3, HealthPhase::waiting), crash_loop, "GH-P301", s4},
        {"out of memory", ended("GH-P303", 1, HealthPhase::starting), unhealthy, "GH-P303", s4},
        {"host out of memory", ended("GH-P304", 1, HealthPhase::waiting), unhealthy, "GH-P304", s4},
        {"late start", ended("GH-P306", 1, HealthPhase::waiting), unhealthy, "GH-P306", s4},
        {"killed by others", ended("GH-P308", 1, HealthPhase::waiting), unhealthy, "GH-P308", s4},
        {"no more processes", ended("GH-P309", 1, HealthPhase::waiting), unhealthy, "GH-P309", s4},
        {"bad frames", ended("GH-M403", 1, HealthPhase::waiting), unhealthy, "GH-M403", s3},
        {"forbidden call", ended("GH-S604", 1, HealthPhase::waiting), unhealthy, "GH-S604", s4},
        {"back after a crash", ended("GH-P302", 1, HealthPhase::ready), degraded, "GH-P302", s4},
        {"budget used up", ended("GH-P301", 10, HealthPhase::failed), failed, "GH-P301", s4},
        {"no command", ended("GH-P305", 0, HealthPhase::misconfigured), misconfigured, "GH-P305",
         s4},
        {"secret not set", ended("GH-A102", 0, HealthPhase::misconfigured), misconfigured,
         "GH-A102", s1},
        {"survives the kill", [](HealthFacts& facts) { facts.phase = HealthPhase::stuck; },
         unhealthy, "GH-P310", s4},
        {"does not answer", [](HealthFacts& facts) { facts.liveness.failures_in_row = 3; },
         unhealthy, "GH-P307", s4},
        {"too busy to answer",
         [](HealthFacts& facts) {
             facts.liveness.failures_in_row = 3;
             facts.liveness.busy = true;
         },
         degraded, "GH-P307", s4},
        {"two probes lost", [](HealthFacts& facts) { facts.liveness.failures_in_row = 2; }, healthy,
         "", none},
        {"violates the protocol",
         [](HealthFacts& facts) { facts.protocol_violation = fact_of("GH-M402"); }, unhealthy,
         "GH-M402", s3},
        {"violated it before the restart",
         [](HealthFacts& facts) {
             facts.protocol_violation = fact_of("GH-M402");
             facts.phase_since = ago(std::chrono::seconds(3));
         },
         healthy, "", none},
        {"noise on stdout",
         [](HealthFacts& facts) { facts.last_stray_at = ago(std::chrono::seconds(9)); }, degraded,
         "GH-M401", s3},
        {"logs dropped",
         [](HealthFacts& facts) { facts.last_log_drop_at = ago(std::chrono::seconds(9)); },
         degraded, "GH-L801", s4},
        {"memory high", [](HealthFacts& facts) { facts.memory = {90, 100, {}}; }, degraded,
         "GH-P321", s4},
        {"memory all right", [](HealthFacts& facts) { facts.memory = {89, 100, {}}; }, healthy, "",
         none},
        {"slow",
         [](HealthFacts& facts) {
             facts.latency.p95 = std::chrono::milliseconds(501);
             facts.latency.slo = std::chrono::milliseconds(500);
         },
         degraded, "GH-P320", s4},
        {"as slow as it may be",
         [](HealthFacts& facts) {
             facts.latency.p95 = std::chrono::milliseconds(500);
             facts.latency.slo = std::chrono::milliseconds(500);
         },
         healthy, "", none},
        {"tools held", [](HealthFacts& facts) { facts.tools_held = 1; }, degraded, "GH-S601", s3},
        {"tools held while it sleeps",
         [](HealthFacts& facts) {
             facts.tools_held = 1;
             facts.phase = HealthPhase::idle;
         },
         degraded, "GH-S601", s3},
        {"one call of ten fails",
         [](HealthFacts& facts) {
             facts.calls_recent = 20;
             facts.calls_recent_failed = 2;
         },
         degraded, "GH-P307", s3},
        {"quarantined", [](HealthFacts& facts) { facts.quarantine = fact_of("GH-S601"); },
         quarantined, "GH-S601", s3},
        {"stopped in quarantine",
         [](HealthFacts& facts) {
             facts.quarantine = fact_of("GH-S601");
             facts.phase = HealthPhase::stopped;
         },
         stopped, "", none},
        {"asleep after noise",
         [](HealthFacts& facts) {
             facts.last_stray_at = ago(std::chrono::seconds(9));
             facts.phase = HealthPhase::idle;
         },
         idle, "", none},
        {"crash loop over",
         [](HealthFacts& facts) {
             for (const int minute : {17, 16, 15}) {
                 facts.failures.push_back(ago(std::chrono::minutes(minute)));
             }
             facts.last_failure = error_of("GH-P301");
             facts.last_failure_at = facts.failures.back();
             facts.phase_since = ago(std::chrono::minutes(14));
         },
         healthy, "", none},
    };
}

} // namespace

TEST_CASE("each of the situations gives its word, its cause and its source, and no other") {
    auto situations = service_situations();
    for (auto& more : process_situations()) {
        situations.push_back(std::move(more));
    }
    REQUIRE(situations.size() >= 60);
    std::map<HealthWord, int> seen;
    for (const Situation& situation : situations) {
        HealthFacts facts = base_facts();
        situation.change(facts);
        const Health health = judge_health(facts, fact_now);
        INFO(situation.name << ": " << to_text(health.word) << " "
                            << (health.cause ? health.cause->code : "without a cause"));
        CHECK(health.word == situation.word);
        CHECK((health.cause ? health.cause->code : "") == situation.code);
        CHECK(health.source == situation.source);
        CHECK(health.since <= fact_now);
        ++seen[health.word];
    }
    CHECK(seen.size() >= 11);
}

TEST_CASE("what is not shown as the word stays visible as a condition") {
    HealthFacts facts = base_facts();
    facts.quarantine = fact_of("GH-S601");
    facts.refused_credential = fact_of("GH-A103");
    facts.outage = fact_of("GH-D205");
    facts.liveness.failures_in_row = 3;
    facts.tools_held = 2;
    facts.memory = {99, 100, {}};
    const Health health = judge_health(facts, fact_now);
    CHECK(health.word == HealthWord::quarantined);
    for (const char* name :
         {"unhealthy", "auth_failed", "downstream_outage", "tools_held", "memory_high"}) {
        INFO(name);
        CHECK(shows(health, name));
    }
    CHECK_FALSE(shows(health, "quarantined"));
}

TEST_CASE("what only text or our own rules say is no proof, wherever it is put") {
    for (const char* code : {"GH-A103", "GH-D205"}) {
        HealthFacts facts = base_facts();
        facts.refused_credential = fact_of(code, EvidenceSource::text);
        facts.outage = facts.refused_credential;
        facts.deep_probe = {5, facts.refused_credential};
        facts.breakers = {breaker_of(BreakerState::open, code)};
        facts.breakers[0].fact.source = EvidenceSource::text;
        facts.members = {9, 9, facts.refused_credential};
        const Health health = judge_health(facts, fact_now);
        CHECK(health.word == HealthWord::degraded);
        CHECK(health.confidence == Confidence::suspected);
        CHECK(shows(health, "suspected_auth"));
        CHECK(shows(health, "suspected_downstream"));
    }
}

TEST_CASE("after a failure the first probe must confirm that it is well") {
    HealthFacts facts = base_facts();
    facts.phase_since = ago(std::chrono::seconds(2));
    add_failures(facts, "GH-P302", 1);
    facts.liveness.confirmation_due = true;
    CHECK(judge_health(facts, fact_now).word == HealthWord::unhealthy);
    facts.liveness.confirmation_due = false;
    CHECK(judge_health(facts, fact_now).word == HealthWord::degraded);
}
