#include "runtime/health/health_tracker.hpp"

#include "tests/unit/health/fact_maker.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::fact_maker;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// Feeds a tracker at instants that are counted from the first.
struct TrackerScene {
    HealthTracker tracker;
    WallTime now = fact_now;

    HealthWord show(HealthWord word, seconds later = seconds(0)) {
        now += later;
        Health raw;
        raw.word = word;
        raw.since = now;
        if (word != HealthWord::healthy && word != HealthWord::idle) {
            raw.cause = error_of("GH-D202");
        }
        return tracker.update(raw, now).word;
    }
    HealthWord show_with(const std::string& condition, seconds later = seconds(0)) {
        now += later;
        Health raw;
        raw.word = HealthWord::degraded;
        raw.since = now;
        raw.cause = error_of("GH-P321");
        raw.conditions = {{condition, now, raw.cause, EvidenceSource::process, false, true}};
        return tracker.update(raw, now).word;
    }
};

} // namespace

TEST_CASE("what gets worse is shown at once, what gets better after ten seconds") {
    TrackerScene scene;
    CHECK(scene.show(HealthWord::healthy) == HealthWord::healthy);
    CHECK(scene.show(HealthWord::downstream_outage, seconds(5)) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::unhealthy, seconds(1)) == HealthWord::unhealthy);
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::unhealthy);
    REQUIRE(scene.tracker.next_change().has_value());
    CHECK(*scene.tracker.next_change() == scene.now + seconds(10));
    CHECK(scene.show(HealthWord::healthy, seconds(9)) == HealthWord::unhealthy);
    const WallTime better_since = scene.now - seconds(9);
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::healthy);
    CHECK(scene.tracker.shown().since >= better_since);
    CHECK_FALSE(scene.tracker.shown().cause.has_value());
}

TEST_CASE("a wall clock that is set back holds nothing for longer") {
    TrackerScene scene;
    CHECK(scene.show(HealthWord::downstream_outage) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::healthy, -minutes(60)) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::healthy, seconds(10)) == HealthWord::healthy);
    CHECK(scene.show_with("slow") == HealthWord::degraded);
    CHECK(scene.show(HealthWord::healthy, -minutes(60)) == HealthWord::degraded);
    CHECK(scene.show(HealthWord::healthy, seconds(60)) == HealthWord::healthy);
}

TEST_CASE("what is well again was not well before, however old its own facts are") {
    HealthTracker tracker;
    Health raw;
    raw.word = HealthWord::downstream_outage;
    raw.since = fact_now;
    tracker.update(raw, fact_now);
    raw.word = HealthWord::healthy;
    raw.since = fact_now - minutes(60);
    tracker.update(raw, fact_now + seconds(5));
    const Health& shown = tracker.update(raw, fact_now + seconds(15));
    CHECK(shown.word == HealthWord::healthy);
    CHECK(shown.since == fact_now + seconds(5));
}

TEST_CASE("an improvement that does not last begins to wait anew") {
    TrackerScene scene;
    scene.show(HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::downstream_outage, seconds(8)) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::healthy, seconds(9)) == HealthWord::downstream_outage);
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::healthy);
}

TEST_CASE("a refused credential and a quarantine are shown at once, even in place of worse") {
    TrackerScene scene;
    scene.show(HealthWord::crash_loop);
    CHECK(scene.show(HealthWord::auth_failed, seconds(1)) == HealthWord::auth_failed);
    CHECK(scene.show(HealthWord::quarantined, seconds(1)) == HealthWord::quarantined);
}

TEST_CASE("what the lifecycle or an operator does is never held back") {
    TrackerScene scene;
    const HealthWord words[] = {
        HealthWord::stopped,  HealthWord::starting,    HealthWord::healthy,   HealthWord::idle,
        HealthWord::starting, HealthWord::healthy,     HealthWord::stopped,   HealthWord::starting,
        HealthWord::failed,   HealthWord::starting,    HealthWord::unhealthy, HealthWord::idle,
        HealthWord::unknown,  HealthWord::quarantined, HealthWord::starting};
    for (const HealthWord word : words) {
        CHECK(scene.show(word, seconds(1)) == word);
    }
}

TEST_CASE("a condition is over when it was false for sixty seconds, and keeps its date") {
    TrackerScene scene;
    scene.show(HealthWord::healthy);
    CHECK(scene.show_with("memory_high", seconds(1)) == HealthWord::degraded);
    const WallTime since = scene.now;
    CHECK(scene.show(HealthWord::healthy, seconds(30)) == HealthWord::degraded);
    REQUIRE(shows(scene.tracker.shown(), "memory_high"));
    CHECK(scene.tracker.shown().cause->code == "GH-P321");
    CHECK(scene.show_with("memory_high", seconds(20)) == HealthWord::degraded);
    CHECK(scene.tracker.shown().conditions.front().since == since);
    CHECK(scene.tracker.shown().since == since);
    CHECK(scene.show(HealthWord::healthy, seconds(59)) == HealthWord::degraded);
    REQUIRE(scene.tracker.next_change().has_value());
    CHECK(*scene.tracker.next_change() == scene.now + seconds(1));
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::healthy);
    CHECK(scene.tracker.shown().conditions.empty());
    CHECK_FALSE(scene.tracker.next_change().has_value());
}

TEST_CASE("conditions of a process do not outlive its sleep") {
    TrackerScene scene;
    scene.show_with("memory_high");
    CHECK(scene.show(HealthWord::idle, seconds(1)) == HealthWord::idle);
    CHECK(scene.tracker.shown().conditions.empty());
    CHECK(scene.show(HealthWord::healthy, seconds(1)) == HealthWord::healthy);
}

TEST_CASE("six transitions in ten minutes are held as degraded, flapping, with the last cause") {
    TrackerScene scene;
    scene.show(HealthWord::healthy);
    for (int count = 0; count < 3; ++count) {
        scene.show(HealthWord::downstream_outage, seconds(30));
        CHECK_FALSE(scene.tracker.flapping(scene.now));
        scene.show(HealthWord::healthy, seconds(30));
    }
    REQUIRE(scene.tracker.flapping(scene.now));
    // Outages are still shown at once; what follows them is not called healthy.
    CHECK(scene.show(HealthWord::healthy, seconds(15)) == HealthWord::degraded);
    CHECK(shows(scene.tracker.shown(), "flapping"));
    CHECK(scene.tracker.shown().cause->code == "GH-D202");
    CHECK(scene.show(HealthWord::auth_failed, seconds(1)) == HealthWord::auth_failed);
    CHECK(shows(scene.tracker.shown(), "flapping"));
    scene.show(HealthWord::healthy, seconds(1));
    CHECK(scene.show(HealthWord::healthy, minutes(7)) == HealthWord::degraded);
    CHECK(scene.show(HealthWord::healthy, minutes(2)) == HealthWord::healthy);
}

TEST_CASE("sleeping and waking is no flapping") {
    TrackerScene scene;
    for (int count = 0; count < 20; ++count) {
        CHECK(scene.show(HealthWord::starting, seconds(5)) == HealthWord::starting);
        CHECK(scene.show(HealthWord::healthy, seconds(5)) == HealthWord::healthy);
        CHECK(scene.show(HealthWord::idle, seconds(5)) == HealthWord::idle);
    }
    CHECK_FALSE(scene.tracker.flapping(scene.now));
}

TEST_CASE("whatever is fed, nothing better is shown unless it was better for ten seconds") {
    constexpr HealthWord judged[] = {HealthWord::healthy, HealthWord::degraded,
                                     HealthWord::downstream_outage, HealthWord::unhealthy,
                                     HealthWord::crash_loop};
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        std::mt19937 engine(seed);
        TrackerScene scene;
        std::deque<std::pair<WallTime, int>> fed; // in the last ten seconds
        int before = health_rank(scene.show(HealthWord::healthy));
        for (int step = 0; step < 200; ++step) {
            const HealthWord raw = judged[engine() % 5 == 0 ? engine() % 5 : 0];
            const int shown = health_rank(scene.show(raw, seconds(engine() % 6)));
            fed.emplace_back(scene.now, health_rank(raw));
            while (fed.front().first <= scene.now - seconds(10)) {
                fed.pop_front();
            }
            INFO("seed " << seed << " step " << step);
            // A worse word is never hidden.
            REQUIRE(shown <= health_rank(raw));
            const bool damped = before < health_rank(HealthWord::degraded);
            const bool all_better = std::all_of(
                fed.begin(), fed.end(), [&](const auto& each) { return each.second > before; });
            REQUIRE((!damped || shown <= before || all_better));
            before = shown;
        }
    }
}
