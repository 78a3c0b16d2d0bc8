#include "sandbox/launch_error.hpp"

#include <cerrno>
#include <string_view>

namespace gatehouse::sandbox {
namespace {

struct StepAdvice {
    std::string_view step;
    std::string_view action;
};

constexpr StepAdvice advice_table[] = {
    {"namespaces",
     "run the daemon as root, or allow user namespaces to its user (sysctl "
     "user.max_user_namespaces, "
     "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)"},
    {"id_map", "run the daemon as root, or allow user namespaces to its user "
               "(sysctl kernel.apparmor_restrict_unprivileged_userns)"},
    {"user_namespace_limit", "mount /proc/sys writable for the daemon, or run it as root"},
    {"cgroup",
     "check that the folder 'gatehouse' among the control groups of the daemon still exists; "
     "a restart of the daemon finds out anew what works"},
    {"code_dir", "check that the connector's code folder exists and that the daemon may read it"},
    {"code_folder",
     "make the connector's code folder and files readable for all users (chmod -R o+rX)"},
    {"volumes",
     "check that the volume's folder exists, is no symbolic link, and that the daemon may read it"},
    {"root_proc",
     "the container around the daemon hides parts of /proc: start it with an unmasked /proc, "
     "or run the daemon as root"},
    {"root", "a kernel of 5.12 or newer with tmpfs in user namespaces is needed"},
    {"pivot_root", "the host's root must not be an initial ramfs"},
    {"landlock",
     "a kernel with Landlock is needed (5.13 or newer; add landlock to the lsm= boot parameter)"},
    {"seccomp", "a kernel with CONFIG_SECCOMP_FILTER is needed"},
    {"capabilities",
     "give the daemon CAP_SETUID, CAP_SETGID and CAP_SETPCAP, or run it as an ordinary user"},
    {"init_identity",
     "map the connectors' uids into the daemon's user namespace, or run the daemon as an "
     "ordinary user"},
    {"watcher_identity",
     "map uid 65533 into the daemon's user namespace, or run the daemon as an ordinary "
     "user"},
    {"plan", "install gatehouse and gatehouse-jail of the same version"},
};

std::string advice_for(const Outcome& outcome) {
    for (const StepAdvice& advice : advice_table) {
        if (advice.step == outcome.step) {
            return std::string(advice.action);
        }
    }
    return "run `gatehouse doctor`; if it finds nothing, report the step and the reason";
}

std::string exec_action(int error_number) {
    switch (error_number) {
    case ENOENT:
        return "check the first word of the command, and the interpreter in its first line: in the "
               "sandbox "
               "there are only /usr, /app (the connector's code) and /etc/ssl";
    case EACCES:
        return "make the file executable and its folders readable for all users (chmod o+rX)";
    case ENOEXEC:
        return "give the script a first line such as '#!/usr/bin/env node', or a binary for this "
               "machine";
    case EAGAIN:
        return "raise limits.pids of the connector";
    case E2BIG:
        return "shorten the arguments or the environment";
    default:
        return "check that the command runs on this machine";
    }
}

} // namespace

Error launch_error(const std::string& connector, const Outcome& outcome,
                   const std::string& detail) {
    const std::string what = "connector '" + connector + "' could not be started";
    if (outcome.kind == EndKind::exec_failed) {
        return Error("GH-P305", what, "command '" + detail + "'", errno_text(outcome.error_number),
                     exec_action(outcome.error_number));
    }
    if (outcome.kind == EndKind::setup_failed) {
        return Error("GH-S610", what,
                     "sandbox step '" + outcome.step + "'" + (detail.empty() ? "" : ", " + detail),
                     errno_text(outcome.error_number), advice_for(outcome));
    }
    if (outcome.oom_killed) {
        return Error("GH-P303", what, "sandbox", to_text(outcome),
                     "raise limits.memory of the connector");
    }
    return Error("GH-S610", what, "sandbox", to_text(outcome),
                 "look for the out-of-memory killer or an administrator's kill in the kernel log");
}

} // namespace gatehouse::sandbox
