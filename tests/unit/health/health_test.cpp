#include "runtime/health/health.hpp"

#include "runtime/health/call_window.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const WallTime start{seconds(1'700'000'000)};

HealthFacts facts_in(HealthPhase phase) {
    HealthFacts facts;
    facts.connector = "notes";
    facts.phase = phase;
    facts.phase_since = start;
    return facts;
}

Error crash() {
    Error error;
    error.code = "GH-P301";
    error.what = "the connector ended";
    return error;
}

void fail_at(HealthFacts& facts, WallTime when) {
    facts.last_failure = crash();
    facts.last_failure_at = when;
    facts.failures.push_back(when);
}

bool has_condition(const Health& health, const std::string& name) {
    return std::any_of(health.conditions.begin(), health.conditions.end(),
                       [&](const HealthCondition& condition) { return condition.name == name; });
}

} // namespace

TEST_CASE("a phase without trouble has its own word and no cause") {
    const std::pair<HealthPhase, HealthWord> words[] = {
        {HealthPhase::unknown, HealthWord::unknown}, {HealthPhase::starting, HealthWord::starting},
        {HealthPhase::ready, HealthWord::healthy},   {HealthPhase::stopping, HealthWord::degraded},
        {HealthPhase::idle, HealthWord::idle},       {HealthPhase::stopped, HealthWord::stopped},
    };
    for (const auto& [phase, word] : words) {
        const Health health = judge_health(facts_in(phase), start + seconds(5));
        CHECK(health.word == word);
        CHECK(health.since == start);
        CHECK_FALSE(health.cause.has_value());
        CHECK(health.conditions.empty());
    }
}

TEST_CASE("ready is degraded for ten minutes after a failure, then healthy again") {
    HealthFacts facts = facts_in(HealthPhase::ready);
    fail_at(facts, start - seconds(2));
    const Health before = judge_health(facts, start + minutes(9));
    CHECK(before.word == HealthWord::degraded);
    REQUIRE(before.cause.has_value());
    CHECK(before.cause->code == "GH-P301");
    CHECK(before.since == start);
    const Health after = judge_health(facts, start + minutes(10));
    CHECK(after.word == HealthWord::healthy);
    CHECK(after.since == start - seconds(2) + minutes(10));
}

TEST_CASE("stdout noise and dropped logs degrade until they are over for 60 s") {
    HealthFacts facts = facts_in(HealthPhase::ready);
    facts.last_stray_at = start + seconds(10);
    facts.stray_lines = 3;
    const Health noisy = judge_health(facts, start + seconds(69));
    CHECK(noisy.word == HealthWord::degraded);
    CHECK(noisy.cause->code == "GH-M401");
    CHECK(noisy.cause->action.find("gatehouse logs notes") != std::string::npos);
    CHECK(noisy.since == start + seconds(10));
    CHECK(judge_health(facts, start + seconds(70)).word == HealthWord::healthy);
    facts.last_log_drop_at = start + seconds(100);
    const Health dropping = judge_health(facts, start + seconds(101));
    CHECK(dropping.word == HealthWord::degraded);
    CHECK(dropping.cause->code == "GH-L801");
    CHECK(has_condition(dropping, "logs_dropped"));
    CHECK_FALSE(has_condition(dropping, "stdout_noise"));
}

TEST_CASE("one tenth of at least twenty calls failing degrades, fewer calls do not") {
    HealthFacts facts = facts_in(HealthPhase::ready);
    facts.calls_recent = 19;
    facts.calls_recent_failed = 19;
    CHECK(judge_health(facts, start).word == HealthWord::healthy);
    facts.calls_recent = 20;
    facts.calls_recent_failed = 2;
    CHECK(judge_health(facts, start).word == HealthWord::degraded);
    facts.calls_recent = 30;
    CHECK(judge_health(facts, start).word == HealthWord::healthy);
}

TEST_CASE("three failures in ten minutes are a crash loop, two are unhealthy") {
    HealthFacts facts = facts_in(HealthPhase::waiting);
    fail_at(facts, start - minutes(9));
    fail_at(facts, start - minutes(1));
    CHECK(judge_health(facts, start).word == HealthWord::unhealthy);
    fail_at(facts, start);
    const Health health = judge_health(facts, start + seconds(1));
    CHECK(health.word == HealthWord::crash_loop);
    CHECK(health.since == start);
    CHECK(health.cause->code == "GH-P301");
    // It does not heal by waiting: only by ten minutes of readiness.
    CHECK(judge_health(facts, start + minutes(2)).word == HealthWord::crash_loop);
    HealthFacts apart = facts_in(HealthPhase::waiting);
    for (const int minute : {-24, -12, 0}) {
        fail_at(apart, start + minutes(minute));
    }
    CHECK(judge_health(apart, start + seconds(1)).word == HealthWord::unhealthy);
    // Three of an earlier time, which ten quiet minutes ended.
    HealthFacts earlier = facts_in(HealthPhase::waiting);
    for (const int minute : {-60, -59, -58, 0}) {
        fail_at(earlier, start + minutes(minute));
    }
    CHECK(judge_health(earlier, start + seconds(1)).word == HealthWord::unhealthy);
    // Never quiet for ten minutes, and yet never three within them.
    HealthFacts spread = facts_in(HealthPhase::waiting);
    for (const int minute : {-16, -8, 0}) {
        fail_at(spread, start + minutes(minute));
    }
    CHECK(judge_health(spread, start + seconds(1)).word == HealthWord::unhealthy);
}

TEST_CASE("a crash loop stays while it starts again and is left after ten minutes ready") {
    HealthFacts facts = facts_in(HealthPhase::starting);
    for (int count = 0; count < 3; ++count) {
        fail_at(facts, start);
    }
    CHECK(judge_health(facts, start + seconds(1)).word == HealthWord::crash_loop);
    facts.phase = HealthPhase::ready;
    CHECK(judge_health(facts, start + minutes(9)).word == HealthWord::crash_loop);
    CHECK(judge_health(facts, start + minutes(10)).word == HealthWord::healthy);
}

TEST_CASE("starting after a failure is unhealthy, not starting") {
    HealthFacts facts = facts_in(HealthPhase::starting);
    fail_at(facts, start);
    CHECK(judge_health(facts, start + seconds(1)).word == HealthWord::unhealthy);
}

TEST_CASE("what is off, wrong or given up comes before any crash loop and keeps its cause") {
    for (const auto& [phase, word] :
         {std::pair(HealthPhase::stopped, HealthWord::stopped),
          std::pair(HealthPhase::failed, HealthWord::failed),
          std::pair(HealthPhase::misconfigured, HealthWord::misconfigured)}) {
        HealthFacts facts = facts_in(phase);
        for (int count = 0; count < 5; ++count) {
            fail_at(facts, start);
        }
        const Health health = judge_health(facts, start + seconds(1));
        CHECK(health.word == word);
        CHECK(health.cause.has_value() == (phase != HealthPhase::stopped));
        CHECK(has_condition(health, "restarted"));
    }
}

TEST_CASE("a tree that survives the kill is unhealthy with GH-P310, never stopped") {
    const Health health = judge_health(facts_in(HealthPhase::stuck), start);
    CHECK(health.word == HealthWord::unhealthy);
    CHECK(health.cause->code == "GH-P310");
}

TEST_CASE("the call window forgets calls older than five minutes") {
    ManualClock clock;
    CallWindow window;
    window.add(CallWindow::CallOutcome::failed, clock.steady_now());
    clock.advance(minutes(4));
    window.add(CallWindow::CallOutcome::answered, clock.steady_now());
    CHECK(window.recent(clock.steady_now()).calls == 2);
    CHECK(window.recent(clock.steady_now()).failed == 1);
    clock.advance(minutes(1));
    CHECK(window.recent(clock.steady_now()).calls == 1);
    CHECK(window.recent(clock.steady_now()).failed == 0);
    clock.advance(minutes(10));
    CHECK(window.recent(clock.steady_now()).calls == 0);
    window.add(CallWindow::CallOutcome::answered, clock.steady_now());
    clock.advance(minutes(5));
    window.add(CallWindow::CallOutcome::answered, clock.steady_now());
    CHECK(window.recent(clock.steady_now()).calls == 1);
}

TEST_CASE("every health word is the word of the documents") {
    CHECK(to_text(HealthWord::crash_loop) == "crash_loop");
    CHECK(to_text(HealthWord::unknown) == "unknown");
    CHECK(to_text(HealthWord::stopped) == "stopped");
    CHECK(to_text(HealthWord::misconfigured) == "misconfigured");
}
