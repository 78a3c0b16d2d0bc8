// What this host offers to the sandbox, each found out by doing it. Used by the launcher and by
// status.
#pragma once

#include "sandbox/cgroup.hpp"

#include <string>
#include <vector>

namespace gatehouse::sandbox {

enum class Mode {
    root,          // foreign uid per connector, namespaces of the initial user namespace
    ordinary_user, // own user namespaces
    unsupported,   // uid 0 without CAP_SYS_ADMIN: neither works
};

struct Features {
    Mode mode = Mode::unsupported;
    int landlock_abi = 0; // 0: no Landlock
    bool seccomp_filter = false;
    bool user_namespaces = false; // this user can make them
    int user_namespace_error = 0; // errno if not
    CgroupSupport cgroups;
};

// Forks twice (the children end at once) and makes a control group. Takes about 2 ms.
Features probe_features();
// The mode alone, without a fork.
Mode probe_mode();

// "sandbox: root (a uid of its own for each connector)", "landlock: ABI 7 …", one fact a line.
std::vector<std::string> feature_lines(const Features& features);

} // namespace gatehouse::sandbox
