// The texts for a launch that failed: which step, why, and what its reader can do. Pure.
#pragma once

#include "runtime/base/error.hpp"
#include "sandbox/outcome.hpp"

#include <string>

namespace gatehouse::sandbox {

// GH-P305 for exec, GH-S610 for a step of the sandbox or a jail without a last word.
// detail: what the step worked on; may be empty.
Error launch_error(const std::string& connector, const Outcome& outcome, const std::string& detail);

} // namespace gatehouse::sandbox
