#include "runtime/supervisor/plan_maker.hpp"

namespace gatehouse::runtime {

sandbox::LaunchPlan make_plan(const ConnectorSpec& spec, PlanInputs inputs) {
    sandbox::LaunchPlan plan;
    plan.connector = spec.name.str();
    plan.code_dir = spec.source_dir;
    plan.command = spec.command;
    for (const auto& [name, value] : spec.env) {
        plan.env.emplace_back(name, value);
    }
    plan.secret_env = std::move(inputs.secret_env);
    std::filesystem::path state_folder = inputs.state_folder / spec.name.str();
    if (!inputs.member_folder.empty()) {
        state_folder /= std::filesystem::path("members") / inputs.member_folder;
    }
    for (const auto& volume : spec.sandbox.writable) {
        sandbox::StateVolume state;
        state.host_path = state_folder / volume;
        state.name = volume;
        plan.volumes.push_back(std::move(state));
    }
    plan.limits.memory_bytes = spec.sandbox.limits.memory_bytes;
    plan.limits.tmp_bytes = spec.sandbox.limits.tmp_bytes;
    plan.limits.pids = spec.sandbox.limits.pids;
    plan.limits.nofile = spec.sandbox.limits.nofile;
    plan.uid = inputs.uid;
    return plan;
}

} // namespace gatehouse::runtime
