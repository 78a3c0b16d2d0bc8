#include "runtime/health/evidence.hpp"

#include "runtime/health/call_window.hpp"
#include "runtime/health/downstream_evidence.hpp"
#include "tests/unit/health/fact_maker.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::fact_maker;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("the evidence object has every member of the design, known or not") {
    const HealthFacts facts = base_facts();
    const Json json = evidence_json(make_evidence(facts, judge_health(facts, fact_now)));
    for (const char* member :
         {"connector", "health",     "since",       "cause",       "summary",
          "action",    "scope",      "confidence",  "source",      "revision",
          "instance",  "host",       "http_status", "oauth_error", "exit",
          "counters",  "first_seen", "last_seen",   "last_ok",     "next_attempt_at",
          "restarts",  "trace_id",   "log_cursor",  "last_lines",  "conditions"}) {
        INFO(member);
        CHECK(json.contains(member));
    }
    CHECK(json["health"] == "healthy");
    CHECK(json["cause"].is_null());
    CHECK(json["summary"] == "notes is healthy");
    CHECK(json["action"]["who"] == "nobody");
    CHECK(json["restarts"].contains("budget"));
}

TEST_CASE("the evidence of a refused credential names the host, the status and who acts") {
    HealthFacts facts = base_facts();
    facts.refused_credential = fact_of("GH-A103", EvidenceSource::protocol, 401);
    facts.refused_credential->host = "api.example.com";
    facts.last_answer_at = ago(minutes(2));
    facts.liveness.last_ok = ago(seconds(3));
    facts.restarts = {7, 2, 10};
    Evidence evidence = make_evidence(facts, judge_health(facts, fact_now));
    evidence.instance = InstanceId{12};
    evidence.exit = ExitEvidence{"oom", 0, 9, false, minutes(3), 64, 60};
    for (int line = 0; line < 60; ++line) {
        evidence.last_lines.push_back(std::to_string(line));
    }
    const Json json = evidence_json(evidence);
    CHECK(json["health"] == "auth_failed");
    CHECK(json["cause"]["code"] == "GH-A103");
    CHECK(json["source"] == "S3");
    CHECK(json["confidence"] == "certain");
    CHECK(json["host"] == "api.example.com");
    CHECK(json["http_status"] == 401);
    CHECK(json["scope"] == "host");
    CHECK(json["action"]["who"] == "operator");
    CHECK(json["first_seen"] == rfc3339_text(ago(seconds(20))));
    CHECK(json["last_seen"] == rfc3339_text(ago(seconds(5))));
    CHECK(json["last_ok"] == rfc3339_text(ago(seconds(3))));
    CHECK(json["restarts"]["total"] == 7);
    CHECK(json["instance"] == 12);
    CHECK(json["exit"]["mem_peak"] == 64);
    REQUIRE(json["last_lines"].size() == 50);
    CHECK(json["last_lines"][0] == "10");
    CHECK(json["summary"].get<std::string>().starts_with("notes is auth_failed: GH-A103"));
}

TEST_CASE("who acts and with what follows from the word and its cause") {
    struct Row {
        HealthPhase phase;
        const char* code;
        const char* who;
        const char* verb;
        const char* scope;
    };
    const Row rows[] = {
        {HealthPhase::waiting, "GH-P302", "team", "gatehouse logs notes", "instance"},
        {HealthPhase::failed, "GH-P301", "team", "gatehouse restart notes", "connector"},
        {HealthPhase::misconfigured, "GH-A102", "operator", "gatehouse describe notes",
         "connector"},
        {HealthPhase::stopped, "", "operator", "gatehouse start notes", "connector"},
    };
    for (const Row& row : rows) {
        HealthFacts facts = base_facts(row.phase);
        if (*row.code != '\0') {
            add_failures(facts, row.code, 1);
        }
        const Evidence evidence = make_evidence(facts, judge_health(facts, fact_now));
        INFO(evidence.summary);
        CHECK(evidence.who == row.who);
        CHECK(evidence.verb == row.verb);
        CHECK(evidence.scope == row.scope);
        CHECK(evidence.summary.find('\n') == std::string::npos);
    }
    HealthFacts waiting = base_facts();
    waiting.breakers = {breaker_of(BreakerState::open)};
    waiting.breakers[0].next_attempt_at = fact_now + seconds(5);
    const Evidence outage = make_evidence(waiting, judge_health(waiting, fact_now));
    CHECK(outage.who == "nobody");
    CHECK(outage.verb.empty());
    CHECK(outage.next_attempt_at == fact_now + seconds(5));
    CHECK(outage.host == "api.example.com");
}

TEST_CASE("what our own rules refuse is told apart from what the service does") {
    DownstreamEvidence evidence;
    const SteadyTime now{std::chrono::hours(1)};
    CHECK_FALSE(evidence.blocked().has_value());
    evidence.add_failure(error_of("GH-D208"), ago(seconds(9)), now);
    evidence.add_failure(error_of("GH-D208"), ago(seconds(4)), now);
    REQUIRE(evidence.blocked().has_value());
    CHECK(evidence.blocked()->since == ago(seconds(9)));
    CHECK(evidence.blocked()->last_seen == ago(seconds(4)));
    evidence.add_answer(now);
    evidence.add_failure(error_of("GH-D208"), ago(seconds(1)), now);
    CHECK(evidence.blocked()->since == ago(seconds(1)));
    CHECK_FALSE(evidence.outage(now).has_value());
    evidence.add_failure(error_of("GH-A101"), ago(seconds(1)), now);
    REQUIRE(evidence.refused().has_value());
    CHECK(evidence.refused()->source == EvidenceSource::credential);
}

TEST_CASE("failures of the call window are kept apart by whose fault they are") {
    const SteadyTime now{std::chrono::hours(1)};
    CallWindow window;
    for (const char* code : {"GH-P307", "GH-M402", "GH-A103", "GH-D205", "GH-D208", "GH-R704"}) {
        window.add(CallWindow::outcome_of(class_of_code(code)), now);
    }
    const CallCounts counts = window.recent(now);
    CHECK(counts.calls == 6);
    CHECK(counts.failed == 2);
    CHECK(counts.failed_downstream == 2);
    CHECK(counts.failed_elsewhere == 2);
}

TEST_CASE(
    "a percentile of the call times is at most a quarter too large, and forgets after 5 min") {
    const SteadyTime now{std::chrono::hours(1)};
    CallWindow window;
    CHECK(window.percentile(95, now).count() == 0);
    for (int count = 1; count <= 1000; ++count) {
        window.add(CallWindow::CallOutcome::answered, milliseconds(count), now);
    }
    for (const int percent : {1, 50, 95, 99, 100}) {
        const auto exact = static_cast<double>(percent * 10'000);
        const auto shown = static_cast<double>(window.percentile(percent, now).count());
        INFO(percent << " %: " << shown);
        CHECK(shown >= exact);
        CHECK(shown <= exact * 1.26);
    }
    CHECK(window.percentile(95, now + minutes(6)).count() == 0);
    for (const auto took : {microseconds(-5), microseconds(0), microseconds::max()}) {
        window.add(CallWindow::CallOutcome::answered, took, now);
        CHECK(window.percentile(100, now).count() > 0);
    }
}
