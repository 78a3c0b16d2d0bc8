#include "sandbox/plan_check.hpp"

#include "sandbox/plan_wire.hpp"

#include <algorithm>
#include <string_view>

namespace gatehouse::sandbox {
namespace {

Error plan_fault(std::string field, std::string why) {
    return Error("GH-S610", "the launch plan cannot be carried out", "plan." + std::move(field),
                 std::move(why), "correct the connector's manifest");
}

bool has_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

Result<void> check_name(std::string_view name) {
    if (name.empty() || name.find('=') != std::string_view::npos || has_nul(name)) {
        return plan_fault("env", "a variable's name is empty or contains '=' or NUL");
    }
    return {};
}

Result<void> check_environment(const LaunchPlan& plan) {
    // The four variables that the sandbox sets itself count too.
    if (plan.env.size() + plan.secret_env.size() + 4 > wire::max_environment_count) {
        return plan_fault("env", "more than 508 variables");
    }
    for (const auto& [name, value] : plan.env) {
        if (auto checked = check_name(name); !checked) {
            return checked;
        }
        if (has_nul(value)) {
            return plan_fault("env." + name, "the value contains a NUL byte");
        }
    }
    for (const auto& [name, value] : plan.secret_env) {
        if (auto checked = check_name(name); !checked) {
            return checked;
        }
        if (has_nul(value.reveal())) {
            return plan_fault("env." + name, "the secret contains a NUL byte");
        }
    }
    return {};
}

bool is_volume_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    return !name.empty() && name.size() <= 64 && name != "." && name != ".." &&
           std::all_of(name.begin(), name.end(), allowed);
}

Result<void> check_volumes(const LaunchPlan& plan) {
    if (plan.volumes.size() > wire::max_volume_count) {
        return plan_fault("volumes", "more than 32 volumes");
    }
    for (std::size_t i = 0; i < plan.volumes.size(); ++i) {
        const StateVolume& volume = plan.volumes[i];
        if (!is_volume_name(volume.name)) {
            return plan_fault("volumes", "'" + volume.name + "' is no name for a volume");
        }
        if (!volume.host_path.is_absolute() || has_nul(volume.host_path.native())) {
            return plan_fault("volumes." + volume.name, "the path is not absolute");
        }
        const auto same = [&](const StateVolume& other) { return other.name == volume.name; };
        if (std::any_of(plan.volumes.begin(), plan.volumes.begin() + static_cast<std::ptrdiff_t>(i),
                        same)) {
            return plan_fault("volumes", "two volumes are named '" + volume.name + "'");
        }
    }
    return {};
}

} // namespace

Result<void> check_plan(const LaunchPlan& plan) {
    if (plan.command.empty() || plan.command.front().empty()) {
        return plan_fault("command", "it is empty");
    }
    if (plan.command.size() > wire::max_argument_count) {
        return plan_fault("command", "more than 512 arguments");
    }
    if (std::any_of(plan.command.begin(), plan.command.end(), has_nul)) {
        return plan_fault("command", "an argument contains a NUL byte");
    }
    if (plan.connector.empty() || plan.connector.size() > 255 || has_nul(plan.connector)) {
        return plan_fault("connector", "the name is empty, too long or contains NUL");
    }
    if (!plan.code_dir.is_absolute() || has_nul(plan.code_dir.native())) {
        return plan_fault("code_dir", "the path is not absolute");
    }
    if (auto checked = check_environment(plan); !checked) {
        return checked;
    }
    return check_volumes(plan);
}

} // namespace gatehouse::sandbox
