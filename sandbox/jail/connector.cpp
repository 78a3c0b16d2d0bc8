#include "sandbox/jail/connector.hpp"

#include "sandbox/jail/identity.hpp"
#include "sandbox/jail/landlock.hpp"
#include "sandbox/jail/limits.hpp"
#include "sandbox/jail/namespaces.hpp"
#include "sandbox/jail/report.hpp"
#include "sandbox/jail/seccomp.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

constexpr int status_fd = 3;
constexpr int gate_fd = 4;

int own_session(Jail&) {
    umask(077);
    return result_of(setsid());
}

// Dispositions that are ignored survive exec, and so does the mask.
int reset_signals(Jail&) {
    if (signal(SIGPIPE, SIG_DFL) == SIG_ERR) {
        return errno;
    }
    sigset_t none;
    sigemptyset(&none);
    return result_of(sigprocmask(SIG_SETMASK, &none, nullptr));
}

int enter_code_dir(Jail& jail) {
    jail.detail = "/app: the connector's uid must be able to enter its code folder";
    return result_of(chdir("/app"));
}

// Only 0, 1, 2, the status socket and the gate are left; exec closes the last two.
int close_descriptors(Jail& jail) {
    const int status = fcntl(jail.report_fd, F_DUPFD_CLOEXEC, 16);
    const int gate = fcntl(jail.gate_fd, F_DUPFD_CLOEXEC, 16);
    if (status < 0 || gate < 0 || dup3(status, status_fd, O_CLOEXEC) < 0 ||
        dup3(gate, gate_fd, O_CLOEXEC) < 0) {
        return errno;
    }
    jail.report_fd = status_fd;
    return result_of(close_range(gate_fd + 1, ~0U, 0));
}

// Init has dropped its own privileges before any code of the connector runs.
int wait_at_gate(Jail&) {
    char go = 0;
    const ssize_t size = read(gate_fd, &go, 1);
    if (size == 0) {
        _exit(failed_exit_status); // init failed and has reported why
    }
    return result_of(size);
}

constexpr Step connector_steps[] = {
    {"connector_session", own_session},
    {"connector_signals", reset_signals},
    {"rlimits", set_limits},
    {"connector_user_namespace", nest_user_namespace},
    {"capabilities", drop_to_connector_identity},
    {"code_folder", enter_code_dir},
    {"no_new_privileges", forbid_new_privileges},
    {"landlock", restrict_files},
    {"close_descriptors", close_descriptors},
    {"gate", wait_at_gate},
    {"seccomp", load_connector_filter},
    {"seccomp_listener", hand_over_listener},
};

const char* search_path(const PlanView& plan) {
    for (std::size_t i = 0; i < plan.environment_count; ++i) {
        if (std::strncmp(plan.environment[i], "PATH=", 5) == 0) {
            return plan.environment[i] + 5;
        }
    }
    return "/usr/local/bin:/usr/bin:/bin";
}

int execute(const PlanView& plan, const char* path) {
    execve(path, const_cast<char* const*>(plan.arguments),
           const_cast<char* const*>(plan.environment));
    return errno;
}

// As execvp, without its fallback to a shell. EACCES of one folder is the answer if no other has
// it.
int execute_by_search(const PlanView& plan) {
    char candidate[4096];
    int answer = ENOENT;
    for (const char* folder = search_path(plan); *folder != '\0';) {
        const std::size_t length = std::strcspn(folder, ":");
        const int size = std::snprintf(candidate, sizeof candidate, "%.*s/%s",
                                       static_cast<int>(length), folder, plan.arguments[0]);
        if (size > 0 && static_cast<std::size_t>(size) < sizeof candidate && folder[0] == '/') {
            const int error_number = execute(plan, candidate);
            if (error_number == EACCES) {
                answer = EACCES;
            } else if (error_number != ENOENT && error_number != ENOTDIR) {
                return error_number;
            }
        }
        folder += length;
        folder += *folder == ':' ? 1 : 0;
    }
    return answer;
}

} // namespace

void run_connector(Jail& jail) {
    run_steps(jail, connector_steps);
    const PlanView& plan = jail.plan;
    const bool has_slash = std::strchr(plan.arguments[0], '/') != nullptr;
    const int error_number = has_slash ? execute(plan, plan.arguments[0]) : execute_by_search(plan);
    wire::Report report = make_report(wire::ReportKind::exec_failed, error_number);
    copy_text(report.step, sizeof report.step, "exec");
    copy_text(report.detail, sizeof report.detail, plan.arguments[0]);
    send_report(status_fd, report);
    _exit(failed_exit_status);
}

} // namespace gatehouse::jail
