// Makes a user namespace by each of the three calls that can.
#include "tests/victims/victim.hpp"

#include <csignal>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

bool by_clone() {
    const long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
    if (pid == 0) {
        _exit(0);
    }
    return pid > 0;
}

bool by_clone3() {
    clone_args arguments = {};
    arguments.flags = CLONE_NEWUSER;
    arguments.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0) {
        _exit(0);
    }
    return pid > 0;
}

} // namespace

int main() {
    if (by_clone()) {
        victim::succeeded("clone");
    }
    if (by_clone3()) {
        victim::succeeded("clone3");
    }
    if (unshare(CLONE_NEWUSER) == 0) {
        victim::succeeded("unshare");
    }
    victim::blocked_by_errno("clone, clone3, unshare");
}
