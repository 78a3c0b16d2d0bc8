// Namespaces of each kind, by each call that makes or enters one.
#include "tests/victims/corpus/corpus.hpp"

#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corpus {
namespace {

template <unsigned Kind>
Answer by_unshare(const Targets&) {
    return by_result(unshare(static_cast<int>(Kind)));
}

template <unsigned Kind>
Answer by_clone(const Targets&) {
    const long pid = syscall(SYS_clone, Kind | SIGCHLD, nullptr, nullptr, nullptr, 0);
    if (pid == 0) {
        _exit(0);
    }
    return by_result(pid);
}

template <unsigned Kind>
Answer by_clone3(const Targets&) {
    clone_args arguments = {};
    arguments.flags = Kind;
    arguments.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        _exit(0);
    }
    return by_result(pid);
}

// Entering the own namespace is the harmless form of entering another.
Answer by_setns(const char* kind) {
    const int fd = open((std::string("/proc/self/ns/") + kind).c_str(), O_RDONLY | O_CLOEXEC);
    return fd < 0 ? refused("open: " + errno_name(errno)) : by_result(setns(fd, 0));
}

Answer setns_mnt(const Targets&) {
    return by_setns("mnt");
}
Answer setns_pid(const Targets&) {
    return by_setns("pid");
}
Answer setns_net(const Targets&) {
    return by_setns("net");
}
Answer setns_ipc(const Targets&) {
    return by_setns("ipc");
}
Answer setns_uts(const Targets&) {
    return by_setns("uts");
}
Answer setns_cgroup(const Targets&) {
    return by_setns("cgroup");
}
Answer setns_of_init(const Targets&) {
    const int fd = open("/proc/1/ns/mnt", O_RDONLY | O_CLOEXEC);
    return fd < 0 ? refused("open: " + errno_name(errno)) : by_result(setns(fd, 0));
}

constexpr Attempt attempts[] = {
    {"unshare-user", "a user namespace", by_unshare<CLONE_NEWUSER>},
    {"unshare-mount", "a mount namespace", by_unshare<CLONE_NEWNS>},
    {"unshare-pid", "a pid namespace", by_unshare<CLONE_NEWPID>},
    {"unshare-net", "a network namespace", by_unshare<CLONE_NEWNET>},
    {"unshare-ipc", "an IPC namespace", by_unshare<CLONE_NEWIPC>},
    {"unshare-uts", "a UTS namespace", by_unshare<CLONE_NEWUTS>},
    {"unshare-cgroup", "a cgroup namespace", by_unshare<CLONE_NEWCGROUP>},
    {"unshare-time", "a time namespace", by_unshare<CLONE_NEWTIME>},
    {"clone-user", "a user namespace", by_clone<CLONE_NEWUSER>},
    {"clone-mount", "a mount namespace", by_clone<CLONE_NEWNS>},
    {"clone-pid", "a pid namespace", by_clone<CLONE_NEWPID>},
    {"clone-net", "a network namespace", by_clone<CLONE_NEWNET>},
    {"clone-ipc", "an IPC namespace", by_clone<CLONE_NEWIPC>},
    {"clone-uts", "a UTS namespace", by_clone<CLONE_NEWUTS>},
    {"clone-cgroup", "a cgroup namespace", by_clone<CLONE_NEWCGROUP>},
    {"clone3-user", "a user namespace", by_clone3<CLONE_NEWUSER>},
    {"clone3-mount", "a mount namespace", by_clone3<CLONE_NEWNS>},
    {"clone3-pid", "a pid namespace", by_clone3<CLONE_NEWPID>},
    {"clone3-net", "a network namespace", by_clone3<CLONE_NEWNET>},
    {"clone3-time", "a time namespace", by_clone3<CLONE_NEWTIME>},
    {"setns-mount", "entering a mount namespace", setns_mnt},
    {"setns-pid", "entering a pid namespace", setns_pid},
    {"setns-net", "entering a network namespace", setns_net},
    {"setns-ipc", "entering an IPC namespace", setns_ipc},
    {"setns-uts", "entering a UTS namespace", setns_uts},
    {"setns-cgroup", "entering a cgroup namespace", setns_cgroup},
    {"setns-of-init", "entering the mounts of pid 1", setns_of_init},
};

} // namespace

std::span<const Attempt> namespace_attempts() {
    return attempts;
}

} // namespace corpus
