// The rules a LaunchPlan must meet before it is sent to the jail. Pure.
#pragma once

#include "runtime/base/result.hpp"
#include "sandbox/plan.hpp"

namespace gatehouse::sandbox {

// Error GH-S610 that names the field: empty command, NUL in a text, relative path, bad volume name,
// more entries than the jail's tables hold.
Result<void> check_plan(const LaunchPlan& plan);

} // namespace gatehouse::sandbox
