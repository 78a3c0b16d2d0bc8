// Attaches to another process of the same user.
#include "tests/victims/victim.hpp"

#include <csignal>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main() {
    const pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    const long answer = ptrace(PTRACE_SEIZE, pid, nullptr, nullptr);
    const int error_number = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    errno = error_number;
    if (answer != 0) {
        victim::blocked_by_errno("ptrace");
    }
    victim::succeeded("attached");
}
