// Outcome: how a child ended, as a value. The first cause wins. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace gatehouse::sandbox {

enum class EndKind {
    exited,       // exit status in `code`
    signaled,     // signal number in `signal`
    setup_failed, // a step of the jail failed: the connector never ran; `step` and `error_number`
    exec_failed,  // the command could not be executed: the connector never ran; `error_number`
    jail_lost,    // the helper or init died without a report (killed from outside)
};

struct Outcome {
    EndKind kind = EndKind::jail_lost;
    int code = 0;
    int signal = 0;
    bool core = false;
    std::string step;     // name of the failed step
    int error_number = 0; // errno of the failed step or of exec

    // Of the whole tree, from its cgroup; nothing where no such cgroup is in force.
    std::optional<std::uint64_t> memory_peak_bytes;
    std::optional<std::uint64_t> memory_max_bytes;
    std::optional<std::uint64_t> cpu_ms;
    // Proved by the cgroup: the kernel killed inside it because of its own limit, and the end is
    // that kill: `signaled` with SIGKILL, which nobody here had asked for, or `exited` with the 137
    // with which a shell tells of it, just after the kill.
    bool oom_killed = false;
    // The same at a limit further up (a slice, a container) or of the whole host: not its own.
    bool host_oom_killed = false;
    bool pids_limit_hit = false; // a fork was refused at the limit, at any time of its life
    std::uint32_t oom_kills = 0; // processes of the tree killed at the memory limit
    // SIGSYS: what the filter had it killed for, such as "the i386 call 'getpid'"; empty if the
    // signal came from elsewhere.
    std::string forbidden_call;
    // Largest resident set of one process of the tree, from rusage; 0: not known.
    std::uint64_t largest_process_bytes = 0;
};

// "exit status 3", "signal SIGKILL, at its memory limit of 64 MiB (peak 64 MiB)", "step 'landlock'
// failed: Operation not permitted (EPERM)".
std::string to_text(const Outcome& outcome);

} // namespace gatehouse::sandbox
