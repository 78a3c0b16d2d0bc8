#include "runtime/supervisor/backoff.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {
constexpr double middle = 0.5; // of the jitter: no change
}

TEST_CASE("the delay doubles from 1 s up to 60 s") {
    ManualClock clock;
    RestartSpec spec;
    spec.failures = 100;
    Backoff backoff(spec);
    for (const int expected : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
        CHECK(backoff.on_failure(clock.steady_now(), middle) == seconds(expected));
    }
}

TEST_CASE("jitter moves the delay by at most 20 % either way") {
    ManualClock clock;
    CHECK(Backoff(RestartSpec{}).on_failure(clock.steady_now(), 0.0) == milliseconds(800));
    const auto high = Backoff(RestartSpec{}).on_failure(clock.steady_now(), 0.999);
    REQUIRE(high.has_value());
    CHECK(*high > milliseconds(1190));
    CHECK(*high <= milliseconds(1200));
}

TEST_CASE("the tenth failure within the window uses up the budget") {
    ManualClock clock;
    Backoff backoff{RestartSpec{}};
    for (int count = 1; count < 10; ++count) {
        CHECK(backoff.on_failure(clock.steady_now(), middle).has_value());
        clock.advance(minutes(1));
    }
    CHECK_FALSE(backoff.on_failure(clock.steady_now(), middle).has_value());
}

TEST_CASE("failures older than the window do not count") {
    ManualClock clock;
    Backoff backoff{RestartSpec{}};
    for (int count = 0; count < 50; ++count) {
        REQUIRE(backoff.on_failure(clock.steady_now(), middle).has_value());
        clock.advance(minutes(4));
    }
    CHECK(backoff.failures_within(minutes(10), clock.steady_now()) == 2);
}

TEST_CASE("ten minutes ready begin the delay anew, less does not") {
    ManualClock clock;
    Backoff backoff{RestartSpec{}};
    backoff.on_failure(clock.steady_now(), middle);
    backoff.on_ready_for(minutes(9));
    CHECK(backoff.on_failure(clock.steady_now(), middle) == seconds(2));
    backoff.on_ready_for(minutes(10));
    CHECK(backoff.on_failure(clock.steady_now(), middle) == seconds(1));
}

TEST_CASE("a reset forgives all failures") {
    ManualClock clock;
    Backoff backoff{RestartSpec{}};
    for (int count = 0; count < 9; ++count) {
        backoff.on_failure(clock.steady_now(), middle);
    }
    backoff.reset();
    CHECK(backoff.failures_within(minutes(30), clock.steady_now()) == 0);
    CHECK(backoff.on_failure(clock.steady_now(), middle) == seconds(1));
}
