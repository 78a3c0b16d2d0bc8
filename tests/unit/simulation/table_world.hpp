// World A, its pure part: the state × event table alone, walked by a driver that mirrors
// LifecycleSlot (each state's action ends with one of its events) over a process tree that is there
// or not. Here the table itself can be wrong, which it cannot be inside of the slot.
#pragma once

#include "runtime/supervisor/lifecycle.hpp"
#include "tests/unit/simulation/story.hpp"

#include <functional>
#include <optional>

namespace gatehouse::simulation {

using NextState = std::function<std::optional<runtime::InstanceState>(runtime::InstanceState,
                                                                      runtime::LifecycleEvent)>;

void walk_table(std::uint64_t seed, const NextState& next, Story& story);

} // namespace gatehouse::simulation
