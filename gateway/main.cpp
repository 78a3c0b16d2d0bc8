// gatehouse: the daemon and its command line in one program.
#include "gateway/app.hpp"
#include "gateway/cli/cli.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <pthread.h>
#include <string_view>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

// glibc keeps seven freed blocks of each size at hand, but a turn of the loop that serves many calls
// frees many more: keeping them saves a tenth of a call's time. This can only be set by the
// environment a program starts with, so the daemon starts itself once more; if it cannot, it is
// slower and nothing else.
void start_with_roomy_allocator(int argument_count, char** arguments) {
    constexpr const char* variable = "GLIBC_TUNABLES";
    constexpr std::string_view wanted = "glibc.malloc.tcache_count=128";
    const char* const present = std::getenv(variable);
    if (present != nullptr) {
        if (present == wanted) {
            ::unsetenv(variable); // it is in force; child processes have no use for it
        }
        return; // an administrator's own settings stand
    }
    const auto is_serve = [](const char* argument) { return std::string_view(argument) == "serve"; };
    // With privileges gained from the file, the loader would drop the variable again, and again.
    if (std::none_of(arguments, arguments + argument_count, is_serve) || ::getauxval(AT_SECURE) != 0) {
        return;
    }
    std::error_code failed;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
    if (!failed && ::setenv(variable, wanted.data(), 1) == 0) {
        ::execv(self.c_str(), arguments);
        ::unsetenv(variable);
    }
}

} // namespace

int main(int argument_count, char** arguments) {
    try {
        start_with_roomy_allocator(argument_count, arguments);
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
