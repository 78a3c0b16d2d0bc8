// gatehouse: the daemon and its command line in one program.
#include "gateway/app.hpp"
#include "gateway/cli/cli.hpp"

#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace {

// Secrets pass through this process, so its memory must never reach a disk, nor its files other
// users. A closed pipe is an error of the write that finds it, not a signal.
void harden_process() {
    ::umask(077);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

} // namespace

int main(int argument_count, char** arguments) {
    try {
        harden_process();
        const gatehouse::gateway::CliHost host{gatehouse::gateway::run_daemon, std::cout,
                                               std::cerr};
        return gatehouse::gateway::run_cli(argument_count, arguments, host);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: unexpected: %s\n", error.what());
    } catch (...) {
        std::fprintf(stderr, "error: unexpected\n");
    }
    return 1;
}
