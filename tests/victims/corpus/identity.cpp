// Identity, capabilities and limits of the attacker's own process.
#include "tests/victims/corpus/corpus.hpp"

#include <csignal>
#include <cstdlib>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace corpus {
namespace {

Answer become_root(const Targets&) {
    return by_result(setuid(0));
}
Answer become_all_root(const Targets&) {
    return by_result(setresuid(0, 0, 0));
}
Answer become_nobody(const Targets&) {
    return by_result(setuid(65533));
}
Answer become_root_group(const Targets&) {
    return by_result(setgid(0));
}
Answer take_groups(const Targets&) {
    const gid_t groups[] = {0, 6, 42};
    return by_result(setgroups(3, groups));
}
Answer root_for_files(const Targets&) {
    setfsuid(0);
    return setfsuid(static_cast<uid_t>(-1)) == 0 ? harm("fsuid is 0") : refused("fsuid stays");
}

Answer all_capabilities(const Targets&) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct wanted[2] = {{1U << CAP_SYS_ADMIN, 1U << CAP_SYS_ADMIN, 0}, {}};
    return by_result(syscall(SYS_capset, &header, wanted));
}
Answer ambient_capability(const Targets&) {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct own[2] = {};
    syscall(SYS_capget, &header, own);
    own[0].inheritable = own[0].permitted;
    syscall(SYS_capset, &header, own);
    return by_result(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0));
}
Answer secure_bits(const Targets&) {
    return by_result(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS, 0, 0, 0));
}
Answer keep_capabilities(const Targets&) {
    return by_result(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
}
Answer machine_memory_map(const Targets&) {
    return by_result(
        prctl(PR_SET_MM, PR_SET_MM_BRK, reinterpret_cast<unsigned long>(sbrk(0)), 0, 0));
}
Answer drop_no_new_privs(const Targets&) {
    const int held = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    return held == 0 ? harm("set-user-id programs count") : refused("no_new_privs holds");
}

Answer real_time(const Targets&) {
    sched_param parameter = {};
    parameter.sched_priority = 1;
    const Answer answer = by_result(sched_setscheduler(0, SCHED_FIFO, &parameter));
    parameter.sched_priority = 0;
    sched_setscheduler(0, SCHED_OTHER, &parameter);
    return answer;
}
Answer higher_priority(const Targets&) {
    return by_result(setpriority(PRIO_PROCESS, 0, -10));
}
Answer io_priority(const Targets&) {
    return by_result(syscall(SYS_ioprio_set, 1, 0, (1 << 13) | 0)); // the real-time class
}

Answer raise_limit(__rlimit_resource resource) {
    const rlimit wanted = {RLIM_INFINITY, RLIM_INFINITY};
    return by_result(setrlimit(resource, &wanted));
}
Answer raise_core(const Targets&) {
    return raise_limit(RLIMIT_CORE);
}
Answer raise_file_size(const Targets&) {
    return raise_limit(RLIMIT_FSIZE);
}
Answer raise_memlock(const Targets&) {
    return raise_limit(RLIMIT_MEMLOCK);
}
Answer raise_queue(const Targets&) {
    return raise_limit(RLIMIT_MSGQUEUE);
}
Answer raise_descriptors(const Targets&) {
    rlimit own = {};
    getrlimit(RLIMIT_NOFILE, &own);
    own.rlim_max += 1;
    return by_result(setrlimit(RLIMIT_NOFILE, &own));
}

Answer dump_core(const Targets& targets) {
    raise_limit(RLIMIT_CORE);
    const rlimit wanted = {1U << 20, 1U << 20};
    const bool allowed = setrlimit(RLIMIT_CORE, &wanted) == 0;
    if (chdir(targets.text("volume").c_str()) != 0) {
        return untried(errno_name(errno));
    }
    const pid_t pid = fork();
    if (pid == 0) {
        std::abort();
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return allowed && WCOREDUMP(status) ? harm("a core was written") : refused("no core");
}

Answer lock_memory(const Targets&) {
    constexpr std::size_t size = 16U << 20;
    void* pages = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return by_result(mlock(pages, size));
}

// Credentials of pid 1, root, in a message to somebody who trusts them.
Answer forge_credentials(const Targets&) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) {
        return untried(errno_name(errno));
    }
    char byte = 'x';
    iovec data = {&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))] = {};
    msghdr message = {};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_CREDENTIALS;
    head->cmsg_len = CMSG_LEN(sizeof(ucred));
    const ucred forged = {1, 0, 0};
    std::memcpy(CMSG_DATA(head), &forged, sizeof forged);
    return by_result(sendmsg(ends[0], &message, 0));
}

constexpr Attempt attempts[] = {
    {"setuid-root", "setuid to root", become_root},
    {"setresuid-root", "setresuid to root", become_all_root},
    {"setuid-other", "setuid to another user", become_nobody},
    {"setgid-root", "setgid to root's group", become_root_group},
    {"setgroups", "groups that read the host", take_groups},
    {"setfsuid-root", "root for file access", root_for_files},
    {"capset", "CAP_SYS_ADMIN", all_capabilities},
    {"ambient-capability", "an ambient capability", ambient_capability},
    {"securebits", "other rules for capabilities", secure_bits},
    {"keepcaps", "capabilities kept over setuid", keep_capabilities},
    {"prctl-mm", "its own memory map rewritten", machine_memory_map},
    {"no-new-privs", "rights from set-user-id programs", drop_no_new_privs},
    {"real-time", "the real-time scheduler", real_time},
    {"priority", "a higher priority", higher_priority},
    {"io-priority", "real-time input and output", io_priority},
    {"limit-core", "core dumps of any size", raise_core},
    {"limit-fsize", "files of any size", raise_file_size},
    {"limit-memlock", "locked memory without bound", raise_memlock},
    {"limit-msgqueue", "message queues without bound", raise_queue},
    {"limit-nofile", "more descriptors", raise_descriptors},
    {"core-dump", "a core in its volume", dump_core},
    {"lock-memory", "16 MiB locked", lock_memory},
    {"forge-credentials", "a message in the name of root", forge_credentials},
};

} // namespace

std::span<const Attempt> identity_attempts() {
    return attempts;
}

} // namespace corpus
