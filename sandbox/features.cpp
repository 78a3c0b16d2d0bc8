#include "sandbox/features.hpp"

#include "runtime/base/error.hpp"

#include <cerrno>
#include <csignal>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gatehouse::sandbox {
namespace {

bool has_admin_capability() {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    return syscall(SYS_capget, &header, data) == 0 &&
           (data[0].effective & (1U << CAP_SYS_ADMIN)) != 0;
}

// The child makes no library call: it is a fork of a process that may have threads.
int user_namespace_errno() {
    const auto pid =
        static_cast<pid_t>(syscall(SYS_clone, static_cast<unsigned long>(CLONE_NEWUSER | SIGCHLD),
                                   nullptr, nullptr, nullptr, 0));
    if (pid < 0) {
        return errno;
    }
    if (pid == 0) {
        syscall(SYS_exit_group, 0);
    }
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return 0;
}

bool has_seccomp_filter() {
    std::uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

std::string mode_line(Mode mode) {
    switch (mode) {
    case Mode::root:
        return "sandbox: root (each connector gets a uid of its own)";
    case Mode::ordinary_user:
        return "sandbox: ordinary user (each connector gets user namespaces of its own)";
    case Mode::unsupported:
        break;
    }
    return "sandbox: not available (uid 0 without CAP_SYS_ADMIN; run as root with it, or as an "
           "ordinary user)";
}

std::string limits_line(const CgroupSupport& cgroups) {
    if (cgroups.version == CgroupVersion::none) {
        return "limits: rlimits of each process, nothing bounds their sum (no control groups: " +
               cgroups.why_not + ")";
    }
    std::string whole = cgroups.memory ? "memory" : "";
    whole += cgroups.pids ? std::string(whole.empty() ? "" : " and ") + "processes" : "";
    const std::string version = cgroups.version == CgroupVersion::v1 ? "version 1" : "version 2";
    return "limits: " + whole + " of each connector's whole tree by control groups (" + version +
           ", " + cgroups.place.parent_path().string() + "), the rest by rlimits of each process";
}

} // namespace

Mode probe_mode() {
    if (geteuid() != 0) {
        return Mode::ordinary_user;
    }
    return has_admin_capability() ? Mode::root : Mode::unsupported;
}

Features probe_features() {
    Features features;
    features.mode = probe_mode();
    const long abi =
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    features.landlock_abi = abi > 0 ? static_cast<int>(abi) : 0;
    features.seccomp_filter = has_seccomp_filter();
    features.user_namespace_error = user_namespace_errno();
    features.user_namespaces = features.user_namespace_error == 0;
    features.cgroups = CgroupHome::open()->support();
    return features;
}

std::vector<std::string> feature_lines(const Features& features) {
    std::vector<std::string> lines;
    lines.push_back(mode_line(features.mode));
    lines.push_back(features.user_namespaces
                        ? "user namespaces: work"
                        : "user namespaces: refused, " + errno_text(features.user_namespace_error));
    if (features.landlock_abi == 0) {
        lines.push_back("landlock: missing (add landlock to the lsm= boot parameter)");
    } else {
        lines.push_back(
            "landlock: ABI " + std::to_string(features.landlock_abi) +
            (features.landlock_abi >= 6 ? " (files, signals, abstract sockets)" : " (files)"));
    }
    lines.push_back(features.seccomp_filter ? "seccomp: allow-list" : "seccomp: missing");
    lines.push_back(limits_line(features.cgroups));
    return lines;
}

} // namespace gatehouse::sandbox
