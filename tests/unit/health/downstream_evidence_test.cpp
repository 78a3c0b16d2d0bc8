#include "runtime/health/downstream_evidence.hpp"
#include "runtime/health/health.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using std::chrono::seconds;

namespace {

const WallTime wall{seconds(1'700'000'000)};
const SteadyTime begin{seconds(1'000)};

Error failure(const char* code) {
    return Error{code, "it failed", "", "", ""};
}

void fail_times(DownstreamEvidence& evidence, const char* code, int times) {
    for (int index = 0; index < times; ++index) {
        evidence.add_failure(failure(code), wall + seconds(index), begin + seconds(index));
    }
}

} // namespace

TEST_CASE("three refusals in a row say that the credential is refused, one answer that it is not") {
    DownstreamEvidence evidence;
    fail_times(evidence, "GH-A103", 2);
    CHECK_FALSE(evidence.refused().has_value());
    evidence.add_answer(begin);
    fail_times(evidence, "GH-A104", 2);
    CHECK_FALSE(evidence.refused().has_value());
    fail_times(evidence, "GH-A103", 1);
    REQUIRE(evidence.refused().has_value());
    CHECK(evidence.refused()->cause.code == "GH-A103");
    CHECK(evidence.refused()->since == wall);
    evidence.add_answer(begin);
    CHECK_FALSE(evidence.refused().has_value());
}

TEST_CASE(
    "five failures of a minute that are half of the calls are an outage, two answers end it") {
    DownstreamEvidence evidence;
    fail_times(evidence, "GH-D202", 4);
    CHECK_FALSE(evidence.outage(begin + seconds(5)).has_value());
    fail_times(evidence, "GH-D205", 1);
    REQUIRE(evidence.outage(begin + seconds(5)).has_value());
    CHECK(evidence.outage(begin + seconds(5))->cause.code == "GH-D205");
    CHECK_FALSE(evidence.outage(begin + seconds(120)).has_value());
    evidence.add_answer(begin + seconds(6));
    CHECK(evidence.outage(begin + seconds(6)).has_value());
    evidence.add_answer(begin + seconds(7));
    CHECK_FALSE(evidence.outage(begin + seconds(7)).has_value());
}

TEST_CASE("a few failures among many answers are no outage, and our own policy never is") {
    DownstreamEvidence evidence;
    for (int index = 0; index < 20; ++index) {
        evidence.add_answer(begin);
    }
    fail_times(evidence, "GH-D202", 6);
    CHECK_FALSE(evidence.outage(begin + seconds(6)).has_value());
    DownstreamEvidence blocked;
    fail_times(blocked, "GH-D208", 20);
    CHECK_FALSE(blocked.outage(begin + seconds(20)).has_value());
    fail_times(blocked, "GH-P301", 20);
    CHECK_FALSE(blocked.refused().has_value());
}

TEST_CASE("a start that fails because of what is elsewhere is no crash loop, whatever it does") {
    const std::pair<const char*, HealthWord> words[] = {{"GH-A103", HealthWord::auth_failed},
                                                        {"GH-D202", HealthWord::downstream_outage},
                                                        {"GH-P301", HealthWord::crash_loop}};
    for (const auto& [code, word] : words) {
        HealthFacts facts;
        facts.phase = HealthPhase::waiting;
        facts.phase_since = wall;
        facts.last_failure = failure(code);
        facts.last_failure_at = wall;
        if (word == HealthWord::crash_loop) {
            facts.failures = {wall, wall, wall};
        } else {
            facts.downstream_since = wall - seconds(60);
        }
        CHECK(judge_health(facts, wall + seconds(1)).word == word);
        CHECK(judge_health(facts, wall + seconds(1)).cause->code == code);
        facts.phase = HealthPhase::stopping;
        CHECK(judge_health(facts, wall + seconds(1)).word == word);
    }
}
