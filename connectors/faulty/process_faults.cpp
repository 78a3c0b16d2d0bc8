#include "connectors/faulty/process_faults.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace faulty {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::atomic<unsigned long> turns{0}; // of spinning threads: work that no compiler leaves out

void end_by_signal(int number) {
    std::signal(number, SIG_DFL);
    sigset_t all;
    sigemptyset(&all);
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
    std::raise(number);
}

// The first byte of the 32-bit entry is enough for the filter to end the process.
void call_foreign_abi() {
#if defined(__x86_64__)
    long number = 20; // getpid there
    __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
#else
    end_by_signal(SIGSYS);
#endif
}

// For how long; 0 is for good.
void spin_for(long ms) {
    const auto end = steady_clock::now() + milliseconds(ms);
    while (ms == 0 || steady_clock::now() < end) {
        for (int i = 0; i < 100'000; ++i) {
            turns.fetch_add(1, std::memory_order_relaxed);
        }
    }
}

void spin_aside(long threads, long ms) {
    for (long i = 0; i < std::max(threads, 1L); ++i) {
        std::thread(spin_for, ms).detach();
    }
}

void hold_still(long ms) {
    if (ms > 0) {
        std::this_thread::sleep_for(milliseconds(ms));
        return;
    }
    for (;;) {
        ::pause();
    }
}

// Kept for the life of the process, each page written.
void eat_memory(long mib) {
    static std::vector<std::unique_ptr<char[]>> kept;
    for (long i = 0; i < mib; ++i) {
        constexpr std::size_t piece_bytes = 1 << 20;
        kept.push_back(std::make_unique_for_overwrite<char[]>(piece_bytes));
        std::memset(kept.back().get(), static_cast<int>(i % 250) + 1, piece_bytes);
    }
}

// Children that do nothing, until no more can be made.
void fork_until_refused(long max_count) {
    for (long i = 0; i < max_count; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            hold_still(0);
        }
        if (child < 0) {
            return;
        }
    }
}

// A grandchild in a session of its own, which nothing of this process's end reaches.
void leave_daemon_behind() {
    const pid_t child = ::fork();
    if (child > 0) {
        ::waitpid(child, nullptr, 0);
        return;
    }
    if (child == 0) {
        ::setsid();
        if (::fork() == 0) {
            std::signal(SIGHUP, SIG_IGN);
            ignore_term();
            hold_still(0);
        }
        ::_exit(0);
    }
}

// Writes until there is no more room, at most so many MiB, and leaves the file there.
void fill(const char* path, long mib) {
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return;
    }
    const std::vector<char> piece(1 << 20, 'x');
    for (long i = 0; i < mib; ++i) {
        if (::write(fd, piece.data(), piece.size()) < static_cast<ssize_t>(piece.size())) {
            break;
        }
    }
    ::close(fd);
}

// Lines of 1 KiB to stderr at so many MiB a second; n 0 is as fast as they are taken.
void flood_stderr(long mib_per_second, long ms) {
    std::vector<char> piece(64 << 10, 'f');
    for (std::size_t at = 1023; at < piece.size(); at += 1024) {
        piece[at] = '\n';
    }
    const auto begin = steady_clock::now();
    for (long written = 0;; ++written) {
        const auto now = steady_clock::now();
        if (ms > 0 && now > begin + milliseconds(ms)) {
            return;
        }
        const auto due =
            begin + milliseconds(mib_per_second > 0 ? written * 1000 / 16 / mib_per_second : 0);
        std::this_thread::sleep_until(due);
        if (::write(STDERR_FILENO, piece.data(), piece.size()) < 0) {
            return;
        }
    }
}

void use_up_descriptors() {
    while (::open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0) {
    }
}

struct ProcessFault {
    const char* name;
    void (*act)(const Fault& fault);
};

constexpr ProcessFault process_faults[] = {
    {"exit", [](const Fault& f) { ::_exit(static_cast<int>(f.n)); }},
    {"signal", [](const Fault& f) { end_by_signal(static_cast<int>(f.n)); }},
    {"foreign_abi", [](const Fault&) { call_foreign_abi(); }},
    {"stop_itself", [](const Fault&) { ::raise(SIGSTOP); }},
    {"close_stdout", [](const Fault&) { ::close(STDOUT_FILENO); }},
    {"close_stdin", [](const Fault&) { ::close(STDIN_FILENO); }},
    {"spin_aside", [](const Fault& f) { spin_aside(f.n, f.ms); }},
    {"busy", [](const Fault& f) { spin_for(f.ms); }},
    {"wedged", [](const Fault& f) { hold_still(f.ms); }},
    {"memory", [](const Fault& f) { eat_memory(f.n); }},
    {"fork_bomb", [](const Fault& f) { fork_until_refused(f.n); }},
    {"daemon", [](const Fault&) { leave_daemon_behind(); }},
    {"fill_tmp", [](const Fault& f) { fill("/tmp/filled", f.n); }},
    {"fill_state", [](const Fault& f) { fill("/data/state/filled", f.n); }},
    {"descriptors", [](const Fault&) { use_up_descriptors(); }},
    {"flood_stderr", [](const Fault& f) { flood_stderr(f.n, f.ms); }},
    {"flood_stderr_aside", [](const Fault& f) { std::thread(flood_stderr, f.n, f.ms).detach(); }},
};

} // namespace

void ignore_term() {
    std::signal(SIGTERM, SIG_IGN);
}

bool do_process_fault(const Fault& fault) {
    for (const ProcessFault& kind : process_faults) {
        if (fault.kind == kind.name) {
            kind.act(fault);
            return true;
        }
    }
    return false;
}

} // namespace faulty
