#include "runtime/health/circuit_breaker.hpp"

#include "tests/unit/health/fact_maker.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::fact_maker;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct BreakerScene {
    CircuitBreaker breaker;
    SteadyTime now{std::chrono::hours(1)};

    void fail(int times, const char* code = "GH-D202") {
        for (int count = 0; count < times; ++count) {
            breaker.on_failure(error_of(code), now);
        }
    }
    BreakerState state() const { return breaker.state(now); }
};

} // namespace

TEST_CASE("five failures that are half of the calls open the breaker for five seconds") {
    BreakerScene scene;
    scene.fail(4);
    CHECK(scene.state() == BreakerState::closed);
    CHECK(scene.breaker.allow(scene.now));
    scene.fail(1);
    CHECK(scene.state() == BreakerState::open);
    CHECK_FALSE(scene.breaker.allow(scene.now));
    CHECK(scene.breaker.retry_after(scene.now) == seconds(5));
    scene.now += milliseconds(4999);
    CHECK_FALSE(scene.breaker.allow(scene.now));
    CHECK(scene.breaker.retry_after(scene.now) == milliseconds(1));
    scene.now += milliseconds(1);
    CHECK(scene.state() == BreakerState::half_open);
}

TEST_CASE("a few failures among many successes, or spread over minutes, open nothing") {
    BreakerScene scene;
    for (int count = 0; count < 10; ++count) {
        scene.breaker.on_success(scene.now);
    }
    scene.fail(9);
    CHECK(scene.state() == BreakerState::closed);
    scene.fail(1);
    CHECK(scene.state() == BreakerState::open);
    BreakerScene slow;
    for (int count = 0; count < 20; ++count) {
        slow.fail(1);
        slow.now += seconds(16);
    }
    CHECK(slow.state() == BreakerState::closed);
}

TEST_CASE("only failures that tell of an outage count") {
    BreakerScene scene;
    for (const char* code : {"GH-A103", "GH-D208", "GH-G901", "GH-R704", "GH-M421", "GH-P307"}) {
        scene.fail(20, code);
        CHECK(scene.state() == BreakerState::closed);
    }
}

TEST_CASE("half open lets one call at a time through, and each failure doubles the wait") {
    BreakerScene scene;
    scene.fail(5);
    for (const int wait : {5, 10, 20, 40, 60, 60}) {
        CHECK(scene.breaker.retry_after(scene.now) == seconds(wait));
        scene.now += seconds(wait);
        CHECK(scene.breaker.allow(scene.now));
        CHECK_FALSE(scene.breaker.allow(scene.now));
        CHECK(scene.breaker.retry_after(scene.now) > seconds(0));
        scene.fail(1);
        CHECK(scene.state() == BreakerState::open);
    }
}

TEST_CASE("two successes in half open begin a minute of recovery, then it is closed") {
    BreakerScene scene;
    scene.fail(5);
    scene.now += seconds(5);
    REQUIRE(scene.breaker.allow(scene.now));
    scene.breaker.on_success(scene.now);
    CHECK(scene.state() == BreakerState::half_open);
    REQUIRE(scene.breaker.allow(scene.now));
    scene.breaker.on_success(scene.now);
    CHECK(scene.state() == BreakerState::recovering);
    CHECK(scene.breaker.allow(scene.now));
    CHECK(scene.breaker.allow(scene.now));
    const BreakerFact fact = scene.breaker.fact("api", fact_now, scene.now);
    CHECK(fact.state == BreakerState::recovering);
    CHECK(fact.fact.since == fact_now);
    scene.now += seconds(60);
    CHECK(scene.state() == BreakerState::closed);
    scene.fail(5);
    CHECK(scene.breaker.retry_after(scene.now) == seconds(5));
}

TEST_CASE("an outage that comes back while it recovers keeps its date") {
    BreakerScene scene;
    scene.fail(5);
    const SteadyTime opened = scene.now;
    scene.now += seconds(5);
    scene.breaker.on_success(scene.now);
    scene.breaker.on_success(scene.now);
    scene.now += seconds(10);
    scene.fail(5);
    const BreakerFact fact = scene.breaker.fact("api", fact_now, scene.now);
    CHECK(fact.state == BreakerState::open);
    CHECK(fact.fact.since == fact_now - (scene.now - opened));
    CHECK(fact.next_attempt_at == fact_now + seconds(5));
    CHECK(fact.fact.cause.code == "GH-D202");
}

TEST_CASE("calls from before it was half open neither end the trial nor double the wait") {
    BreakerScene scene;
    const SteadyTime before = scene.now;
    scene.fail(5);
    scene.now += std::chrono::seconds(5);
    REQUIRE(scene.breaker.allow(scene.now));
    scene.breaker.on_success(scene.now, before);
    scene.breaker.on_failure(error_of("GH-D204"), scene.now, before);
    CHECK(scene.breaker.state(scene.now) == BreakerState::half_open);
    CHECK_FALSE(scene.breaker.allow(scene.now));
    scene.breaker.on_success(scene.now, scene.now);
    CHECK(scene.breaker.allow(scene.now));
}

TEST_CASE("a trial that nobody ends, or that says nothing of the host, makes room for another") {
    BreakerScene scene;
    scene.fail(5);
    scene.now += seconds(5);
    REQUIRE(scene.breaker.allow(scene.now));
    scene.fail(1, "GH-R704");
    CHECK(scene.breaker.allow(scene.now));
    CHECK_FALSE(scene.breaker.allow(scene.now));
    scene.now += breaker_trial_max;
    CHECK(scene.breaker.allow(scene.now));
}

TEST_CASE(
    "whatever happens, an open breaker lets nothing through and opens again within a minute") {
    for (std::uint32_t seed = 0; seed < 500; ++seed) {
        std::mt19937 engine(seed);
        BreakerScene scene;
        for (int step = 0; step < 300; ++step) {
            scene.now += milliseconds(engine() % 4000);
            const BreakerState before = scene.state();
            const bool allowed = scene.breaker.allow(scene.now);
            INFO("seed " << seed << " step " << step);
            REQUIRE((before != BreakerState::open || !allowed));
            REQUIRE((before == BreakerState::open || before == BreakerState::half_open || allowed));
            REQUIRE(scene.breaker.retry_after(scene.now) <= seconds(60));
            REQUIRE((scene.breaker.retry_after(scene.now).count() == 0 ||
                     !scene.breaker.allow(scene.now)));
            if (allowed && engine() % 3 != 0) {
                scene.fail(1, engine() % 5 == 0 ? "GH-A103" : "GH-D205");
            } else if (allowed) {
                scene.breaker.on_success(scene.now);
            }
        }
    }
}
