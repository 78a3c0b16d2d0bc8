// Makes the launch plan of a connector out of its manifest, its secrets and its place on this
// machine. Pure: nothing is looked up here.
#pragma once

#include "runtime/base/secret.hpp"
#include "runtime/manifest/connector_spec.hpp"
#include "sandbox/plan.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

struct PlanInputs {
    std::vector<std::pair<std::string, Secret>> secret_env; // variable name, value
    // Volumes: <connector>/<volume> below it, or <connector>/members/<member_folder>/<volume>.
    std::filesystem::path state_folder;
    std::string member_folder; // empty: the shared instance
    std::uint32_t uid = 0;     // 0 for a daemon of an ordinary user
};

sandbox::LaunchPlan make_plan(const ConnectorSpec& spec, PlanInputs inputs);

} // namespace gatehouse::runtime
