// The daemon as a process: its memory, descriptors, signals and scheduling; and what it was given.
#include "tests/victims/corpus/corpus.hpp"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace corpus {
namespace {

pid_t daemon_of(const Targets& targets) {
    return static_cast<pid_t>(targets.number("daemon"));
}

iovec remote_canary(const Targets& targets) {
    return {reinterpret_cast<void*>(std::strtoul(targets.text("address").c_str(), nullptr, 16)), 8};
}

Answer seize_daemon(const Targets& targets) {
    return by_result(ptrace(PTRACE_SEIZE, daemon_of(targets), nullptr, nullptr));
}

Answer seize_child(const Targets&) {
    const pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    const Answer answer = by_result(ptrace(PTRACE_SEIZE, pid, nullptr, nullptr));
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return answer;
}

Answer be_traced(const Targets&) {
    return by_result(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
}

Answer read_memory(const Targets& targets) {
    char bytes[8] = {};
    const iovec local = {bytes, sizeof bytes};
    const iovec remote = remote_canary(targets);
    return by_result(process_vm_readv(daemon_of(targets), &local, 1, &remote, 1, 0));
}

Answer write_memory(const Targets& targets) {
    char bytes[8] = {'c', 'a', 'n', 'a', 'r', 'y', '\n', '\0'};
    const iovec local = {bytes, sizeof bytes};
    const iovec remote = remote_canary(targets);
    return by_result(process_vm_writev(daemon_of(targets), &local, 1, &remote, 1, 0));
}

Answer open_memory(const Targets& targets) {
    const std::string path = "/proc/" + targets.text("daemon") + "/mem";
    return by_result(open(path.c_str(), O_RDWR | O_CLOEXEC));
}

Answer open_init_memory(const Targets&) {
    return by_result(open("/proc/1/mem", O_RDWR | O_CLOEXEC));
}

Answer kill_daemon(const Targets& targets) {
    return by_result(kill(daemon_of(targets), 0));
}
Answer kill_everybody(const Targets&) {
    return by_result(kill(-1, 0));
}
Answer kill_thread(const Targets& targets) {
    return by_result(syscall(SYS_tgkill, daemon_of(targets), daemon_of(targets), 0));
}
Answer queue_signal(const Targets& targets) {
    return by_result(sigqueue(daemon_of(targets), 0, sigval{}));
}

int open_pid(const Targets& targets) {
    return static_cast<int>(syscall(SYS_pidfd_open, daemon_of(targets), 0));
}

Answer pidfd_of_daemon(const Targets& targets) {
    return by_result(open_pid(targets));
}
Answer pidfd_signal(const Targets& targets) {
    return by_result(syscall(SYS_pidfd_send_signal, open_pid(targets), 0, nullptr, 0));
}
Answer pidfd_take(const Targets& targets) {
    return by_result(syscall(SYS_pidfd_getfd, open_pid(targets), targets.number("inherited"), 0));
}

Answer compare_processes(const Targets& targets) {
    return by_result(syscall(SYS_kcmp, getpid(), daemon_of(targets), KCMP_VM, 0, 0));
}

Answer advise_daemon(const Targets& targets) {
    const auto page = reinterpret_cast<std::uintptr_t>(remote_canary(targets).iov_base) & ~4095UL;
    const iovec range = {reinterpret_cast<void*>(page), 4096};
    return by_result(syscall(SYS_process_madvise, open_pid(targets), &range, 1, MADV_WILLNEED, 0));
}

Answer limits_of_daemon(const Targets& targets) {
    rlimit found = {};
    return by_result(prlimit(daemon_of(targets), RLIMIT_NOFILE, nullptr, &found));
}

Answer slow_daemon(const Targets& targets) {
    return by_result(setpriority(PRIO_PROCESS, static_cast<id_t>(daemon_of(targets)), 0));
}

Answer pin_daemon(const Targets& targets) {
    cpu_set_t cpus;
    if (sched_getaffinity(daemon_of(targets), sizeof cpus, &cpus) != 0) {
        return refused(errno_name(errno));
    }
    return by_result(sched_setaffinity(daemon_of(targets), sizeof cpus, &cpus));
}

Answer move_daemons_pages(const Targets& targets) {
    void* page = remote_canary(targets).iov_base;
    int status = 0;
    return by_result(syscall(SYS_move_pages, daemon_of(targets), 1, &page, nullptr, &status, 0));
}

Answer robust_list_of_daemon(const Targets& targets) {
    void* head = nullptr;
    std::size_t size = 0;
    return by_result(syscall(SYS_get_robust_list, daemon_of(targets), &head, &size));
}

Answer inherited_descriptor(const Targets&) {
    for (int fd = 3; fd < 4096; ++fd) {
        if (fcntl(fd, F_GETFD) >= 0) {
            return harm("descriptor " + std::to_string(fd) + " is open");
        }
    }
    return refused("none is open");
}

Answer inherited_environment(const Targets& targets) {
    const char* secret = std::getenv(targets.text("variable").c_str());
    return secret != nullptr ? harm("the variable is there") : refused("no such variable");
}

constexpr Attempt attempts[] = {
    {"ptrace-daemon", "tracing the daemon", seize_daemon},
    {"ptrace-child", "tracing a child", seize_child},
    {"ptrace-traceme", "being traced", be_traced},
    {"memory-read", "process_vm_readv of the daemon", read_memory},
    {"memory-write", "process_vm_writev of the daemon", write_memory},
    {"memory-open", "/proc/<daemon>/mem", open_memory},
    {"memory-open-init", "/proc/1/mem", open_init_memory},
    {"kill-daemon", "a signal to the daemon", kill_daemon},
    {"kill-everybody", "a signal to every process", kill_everybody},
    {"tgkill-daemon", "a signal to a thread of the daemon", kill_thread},
    {"sigqueue-daemon", "a queued signal to the daemon", queue_signal},
    {"pidfd-open", "a pidfd of the daemon", pidfd_of_daemon},
    {"pidfd-signal", "a signal through a pidfd", pidfd_signal},
    {"pidfd-getfd", "a descriptor of the daemon", pidfd_take},
    {"kcmp", "comparing itself with the daemon", compare_processes},
    {"process-madvise", "advice on the daemon's memory", advise_daemon},
    {"prlimit-daemon", "the daemon's limits", limits_of_daemon},
    {"priority-daemon", "the daemon's priority", slow_daemon},
    {"affinity-daemon", "the daemon's processors", pin_daemon},
    {"move-pages", "the daemon's pages", move_daemons_pages},
    {"robust-list", "addresses inside the daemon", robust_list_of_daemon},
    {"inherited-descriptor", "a descriptor left open by the daemon", inherited_descriptor},
    {"inherited-environment", "a variable of the daemon", inherited_environment},
};

} // namespace

std::span<const Attempt> process_attempts() {
    return attempts;
}

} // namespace corpus
