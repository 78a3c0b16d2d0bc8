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

// `part` of the invariant's text that must break.
inline void require_found(const World& broken_world, SeedRange seeds, const std::string& part) {
    const auto finding = find_broken(broken_world, seeds);
    INFO("it should break: " << part);
    REQUIRE(finding.has_value());
    INFO(finding->text);
    REQUIRE(finding->invariant.find(part) != std::string::npos);
}

} // namespace gatehouse::simulation
