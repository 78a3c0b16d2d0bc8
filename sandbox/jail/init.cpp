#include "sandbox/jail/init.hpp"

#include "sandbox/jail/cgroup.hpp"
#include "sandbox/jail/connector.hpp"
#include "sandbox/jail/dial.hpp"
#include "sandbox/jail/forbidden.hpp"
#include "sandbox/jail/identity.hpp"
#include "sandbox/jail/mounts.hpp"
#include "sandbox/jail/namespaces.hpp"
#include "sandbox/jail/report.hpp"
#include "sandbox/jail/seccomp.hpp"

#include <csignal>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

int own_session(Jail&) {
    umask(0); // while the root is built; the connector gets 077
    return result_of(setsid());
}

int own_keyring(Jail&) {
    const int error_number = result_of(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr));
    return error_number == ENOSYS ? 0 : error_number; // a kernel without keyrings has none to leak
}

constexpr Step build_steps[] = {
    {"go", wait_for_go},
    {"cgroup_namespace", own_cgroup_namespace},
    {"session", own_session},
    {"host_name", name_host},
    {"loopback", raise_loopback},
    {"user_namespace_limit", limit_user_namespaces},
    {"mounts_private", make_mounts_private},
    {"code_dir", clone_code_dir},
    {"volumes", clone_volumes},
    {"runtime", clone_runtime},
    {"root", create_root},
    {"root_runtime", attach_runtime},
    {"root_etc", build_etc},
    {"root_dev", build_dev},
    {"root_tmp", build_tmp},
    {"root_code", attach_code},
    {"root_volumes", attach_volumes},
    {"root_proc", mount_proc},
    {"root_read_only", seal_root},
    {"pivot_root", enter_root},
    {"keyring", own_keyring},
};

int close_connector_pipes(Jail&) {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    return result_of(close(STDERR_FILENO));
}

int hide_memory(Jail&) {
    // The change of uid clears the parent-death signal, so it is set again here.
    return prctl(PR_SET_DUMPABLE, 0) != 0 ? errno : result_of(prctl(PR_SET_PDEATHSIG, SIGKILL));
}

constexpr Step settle_steps[] = {
    {"init_descriptors", close_connector_pipes},
    {"init_identity", drop_to_init_identity},
    {"init_memory", hide_memory},
    {"init_no_new_privileges", forbid_new_privileges},
    {"init_seccomp", load_init_filter},
};

struct Loop {
    int signal_fd = -1;
    int status_fd = -1;
    int listener_fd = -1; // tells of forbidden calls
    pid_t connector_pid = -1;
    bool running = false;
    bool forbidden = false; // the connector is being killed for a forbidden call
};

[[noreturn]] void leave(Jail& jail, int status) {
    wipe_plan(jail);
    _exit(status);
}

// The status socket brings the listener, and then closes by exec or carries the report of the step
// that failed.
void read_status(Jail& jail, Loop& loop) {
    const StatusPacket packet = receive_status(loop.status_fd);
    if (packet.size < 0 && errno == EINTR) {
        return;
    }
    if (packet.size == sizeof packet.report) {
        if (static_cast<wire::ReportKind>(packet.report.kind) == wire::ReportKind::filter_loaded) {
            loop.listener_fd = packet.attached_fd;
            return;
        }
        send_report(wire::control_fd, packet.report);
        leave(jail, failed_exit_status);
    }
    close(loop.status_fd);
    loop.status_fd = -1;
    loop.running = true;
    wipe_plan(jail);
    send_report(wire::control_fd, make_report(wire::ReportKind::running, 0));
}

void reap(Jail& jail, Loop& loop) {
    signalfd_siginfo ignored;
    while (read(loop.signal_fd, &ignored, sizeof ignored) > 0) {
    }
    for (;;) {
        siginfo_t end = {};
        if (waitid(P_ALL, 0, &end, WEXITED | WNOHANG) != 0 || end.si_pid == 0) {
            return;
        }
        if (end.si_pid != loop.connector_pid) {
            continue;
        }
        while (!loop.running) {
            read_status(jail, loop); // its last word may be a failed step
        }
        const bool exited = end.si_code == CLD_EXITED;
        wire::Report report = make_report(
            exited ? wire::ReportKind::exited : wire::ReportKind::signaled, end.si_status);
        if (loop.forbidden && !exited) {
            report.number = SIGSYS; // what the kernel's own kill for it would have been
        }
        report.extra = end.si_code == CLD_DUMPED ? 1 : 0;
        send_report(wire::control_fd, report);
        leave(jail, 0);
    }
}

void obey(Jail& jail, const Loop& loop) {
    wire::Command command = {};
    const ssize_t size = recv(wire::control_fd, &command, sizeof command, MSG_DONTWAIT);
    if (size == 0) {
        leave(jail, 0); // the daemon has hung up
    }
    if (size != sizeof command) {
        return;
    }
    const auto kind = static_cast<wire::CommandKind>(command.kind);
    if (kind == wire::CommandKind::dial) {
        answer_dial(command);
    } else if (kind == wire::CommandKind::signal && command.signal_number > 0 &&
               command.signal_number < 65) {
        kill(loop.connector_pid, static_cast<int>(command.signal_number));
    }
}

void answer_listener(Loop& loop, short events) {
    if ((events & POLLIN) == 0) {
        close(loop.listener_fd); // no process has the filter any more
        loop.listener_fd = -1;
        return;
    }
    wire::Report call = {};
    if (kill_for_call(loop.listener_fd, loop.connector_pid, call)) {
        if (!loop.forbidden) {
            send_report(wire::control_fd, call);
        }
        loop.forbidden = true;
    }
}

[[noreturn]] void serve(Jail& jail, Loop& loop) {
    for (;;) {
        pollfd watched[] = {{wire::control_fd, POLLIN, 0},
                            {loop.signal_fd, POLLIN, 0},
                            {loop.status_fd, POLLIN, 0},
                            {loop.listener_fd, POLLIN, 0}};
        if (poll(watched, 4, -1) < 0 && errno != EINTR) {
            leave(jail, failed_exit_status);
        }
        if (watched[3].revents != 0) {
            answer_listener(loop, watched[3].revents);
        }
        if (loop.status_fd >= 0 && watched[2].revents != 0) {
            read_status(jail, loop);
        }
        if (watched[1].revents != 0) {
            reap(jail, loop);
        }
        if (watched[0].revents != 0) {
            obey(jail, loop);
        }
    }
}

int open_pipe(int (&ends)[2]) {
    return result_of(pipe2(ends, O_CLOEXEC));
}

Loop the_loop;
int the_gate_write_fd = -1;

int start_connector(Jail& jail) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    the_loop.signal_fd = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    int status[2];
    int gate[2];
    if (the_loop.signal_fd < 0) {
        return errno;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) != 0) {
        return errno;
    }
    if (const int error_number = open_pipe(gate); error_number != 0) {
        return error_number;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        jail.report_fd = status[1];
        jail.gate_fd = gate[0];
        run_connector(jail);
    }
    if (pid < 0) {
        return errno;
    }
    close(status[1]);
    close(gate[0]);
    close(jail.root_fd);
    the_loop.status_fd = status[0];
    the_loop.connector_pid = pid;
    the_gate_write_fd = gate[1];
    return 0;
}

int open_gate(Jail&) {
    const char go = 'g';
    // EPIPE: the connector failed in a step of its own, and its report is in the status socket.
    const int error_number = result_of(write(the_gate_write_fd, &go, 1));
    close(the_gate_write_fd);
    return error_number == EPIPE ? 0 : error_number;
}

constexpr Step start_step = {"fork", start_connector};
constexpr Step gate_step = {"gate", open_gate};

} // namespace

void run_init(Jail& jail) {
    signal(SIGPIPE, SIG_IGN); // clone cleared the handlers
    run_steps(jail, build_steps);
    run_step(jail, start_step);
    run_steps(jail, settle_steps);
    run_step(jail, gate_step);
    serve(jail, the_loop);
}

} // namespace gatehouse::jail
