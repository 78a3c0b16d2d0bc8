#include "runtime/supervisor/liveness.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using std::chrono::seconds;

namespace {

struct Probed {
    LivenessVerdict silent() {
        clock.advance(seconds(15));
        return liveness.on_silence(sample, clock.wall_now(), clock.steady_now());
    }
    LivenessVerdict answers() {
        clock.advance(seconds(15));
        return liveness.on_alive(sample, clock.wall_now(), clock.steady_now());
    }
    ManualClock clock;
    Liveness liveness{LivenessSpec{}};
    LivenessSample sample;
};

} // namespace

TEST_CASE("one that does nothing and does not answer three probes is dead") {
    Probed probed;
    probed.answers();
    CHECK(probed.silent() == LivenessVerdict::failing);
    CHECK(probed.silent() == LivenessVerdict::failing);
    CHECK(probed.silent() == LivenessVerdict::dead);
    CHECK(probed.liveness.facts().failures_in_row == 3);
    CHECK_FALSE(probed.liveness.facts().busy);
    REQUIRE(probed.liveness.facts().last_error.has_value());
    CHECK(probed.liveness.facts().last_error->code == "GH-P307");
}

TEST_CASE("an answer forgives all silence before it") {
    Probed probed;
    probed.silent();
    probed.silent();
    CHECK(probed.answers() == LivenessVerdict::alive);
    CHECK(probed.liveness.facts().failures_in_row == 0);
    CHECK_FALSE(probed.liveness.facts().failing_since.has_value());
    CHECK(probed.silent() == LivenessVerdict::failing);
}

TEST_CASE("one that computes or writes is busy, not dead, until ten times the patience is over") {
    for (const int kind : {0, 1, 2}) {
        Probed probed;
        probed.answers();
        for (int probe = 1; probe < 30; ++probe) {
            probed.sample.cpu_ms += kind == 0 ? 15'000 : 0;
            probed.sample.logged += kind == 1 ? 1 : 0;
            probed.sample.received += kind == 2 ? 1 : 0;
            REQUIRE(probed.silent() == LivenessVerdict::busy);
        }
        probed.sample.cpu_ms += 15'000;
        CHECK(probed.silent() == LivenessVerdict::dead);
    }
}

TEST_CASE("the little that the timers of a wedged runtime cost is no work") {
    Probed probed;
    probed.answers();
    for (const auto expected :
         {LivenessVerdict::failing, LivenessVerdict::failing, LivenessVerdict::dead}) {
        probed.sample.cpu_ms += 100;
        CHECK(probed.silent() == expected);
    }
}

TEST_CASE("work that stops does not buy more time") {
    Probed probed;
    probed.answers();
    for (int probe = 0; probe < 3; ++probe) {
        probed.sample.cpu_ms += 15'000;
        REQUIRE(probed.silent() == LivenessVerdict::busy);
    }
    CHECK(probed.silent() == LivenessVerdict::dead);
}

TEST_CASE("a call that was answered, or is talked about, spares the probe") {
    Probed probed;
    probed.answers();
    CHECK_FALSE(probed.liveness.progressed(probed.sample));
    LivenessSample later = probed.sample;
    later.received = 5;
    CHECK_FALSE(probed.liveness.progressed(later)); // nothing is in flight: it only makes noise
    later.in_flight = 1;
    CHECK(probed.liveness.progressed(later));
    later = probed.sample;
    later.answered = 1;
    CHECK(probed.liveness.progressed(later));
}

TEST_CASE("after a failure the first probe is owed, and an answer pays it") {
    Probed probed;
    probed.liveness.ask_confirmation();
    CHECK(probed.liveness.facts().confirmation_due);
    probed.silent();
    CHECK(probed.liveness.facts().confirmation_due);
    probed.answers();
    CHECK_FALSE(probed.liveness.facts().confirmation_due);
}
