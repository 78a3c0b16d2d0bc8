// The two claims every simulation makes: nothing breaks as things are; and a planted bug is found,
// under seeds with which nothing breaks without it.
#pragma once

#include "tests/unit/simulation/story.hpp"

#include <catch2/catch.hpp>

namespace gatehouse::simulation {

inline void require_holds(const World& world, SeedRange seeds) {
    const auto finding = find_broken(world, seeds_to_run(seeds));
    INFO((finding ? finding->text : std::string()));
    REQUIRE_FALSE(finding.has_value());
}

struct PlantedBug {
    const World& without;
    const World& with;
    const char* part; // of the invariant's text that must break
};

inline void require_found(const PlantedBug& bug, SeedRange seeds) {
    const auto finding = find_broken(bug.with, seeds);
    INFO("it should break: " << bug.part);
    REQUIRE(finding.has_value());
    INFO(finding->text);
    REQUIRE(finding->invariant.find(bug.part) != std::string::npos);
    const auto false_alarm = find_broken(bug.without, {seeds.first, finding->seed});
    INFO((false_alarm ? false_alarm->text : std::string()));
    REQUIRE_FALSE(false_alarm.has_value());
}

} // namespace gatehouse::simulation
