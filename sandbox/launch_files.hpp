// The descriptors and folders that a launch needs before the jail is spawned.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/plan_codec.hpp"

namespace gatehouse::sandbox {

struct LaunchPipes {
    UniqueFd child[3];  // stdin (read end), stdout, stderr (write ends)
    UniqueFd parent[3]; // the other ends, non-blocking
    UniqueFd control_child;
    UniqueFd control_parent;
};

// All close-on-exec. Error GH-S610, step 'pipes'.
Result<LaunchPipes> open_launch_pipes();

// The image in anonymous memory. Error GH-S610, step 'plan'.
Result<UniqueFd> write_plan(const PlanImage& image);

// Makes each volume's folder (0700) if missing; with root_mode it belongs to plan.uid afterwards.
// Error GH-S610, step 'volumes'.
Result<void> prepare_volumes(const LaunchPlan& plan, bool root_mode);

} // namespace gatehouse::sandbox
