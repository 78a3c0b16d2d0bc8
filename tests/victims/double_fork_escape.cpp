// Leaves a daemon behind: forks twice, new session, no descriptors. The first process then ends,
// and so does this attempt; whether it succeeded is for the test to see (the mark stays in the
// daemon's command line).
#include "tests/victims/victim.hpp"

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace {

[[noreturn]] void live_on() {
    setsid();
    if (fork() != 0) {
        _exit(0);
    }
    for (int signal_number : {SIGHUP, SIGTERM, SIGINT, SIGPIPE}) {
        std::signal(signal_number, SIG_IGN);
    }
    for (int fd = 0; fd < 64; ++fd) {
        close(fd);
    }
    sleep(60);
    _exit(0);
}

} // namespace

// The mark is argv[1]. With argv[2] the first process stays until its stdin closes.
int main(int argc, char** argv) {
    victim::argument(argc, argv);
    const pid_t pid = fork();
    if (pid == 0) {
        live_on();
    }
    waitpid(pid, nullptr, 0);
    std::printf("daemon started\n");
    std::fflush(stdout);
    char byte = 0;
    while (argc > 2 && read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}
