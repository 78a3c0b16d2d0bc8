#include "runtime/supervisor/exit_class.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

namespace gatehouse::runtime {

namespace {

using sandbox::EndKind;
using sandbox::Outcome;

constexpr int exit_configuration = 78;   // EX_CONFIG of sysexits.h
constexpr int exit_not_executable = 126; // shells: found, but cannot be executed
constexpr int exit_not_found = 127;      // shells: command not found

std::string logs_action(const EndContext& context) {
    return "read its last lines with `gatehouse logs " + context.connector + "`";
}

Error end_error(const char* code, std::string why, const EndContext& context) {
    Error error;
    error.code = code;
    error.what =
        context.was_ready ? "the connector ended" : "the connector ended before it was ready";
    error.where = context.connector;
    error.why = std::move(why);
    error.action = logs_action(context);
    return error;
}

EndClass failure(Error cause, const EndContext& context) {
    const bool never = context.policy == RestartPolicy::never;
    return {never ? EndVerdict::failed : EndVerdict::restart, std::move(cause)};
}

EndClass misconfigured(Error cause) {
    return {EndVerdict::misconfigured, std::move(cause)};
}

std::optional<EndClass> classify_asked(StopReason reason) {
    switch (reason) {
    case StopReason::verb:
    case StopReason::shutdown:
        return EndClass{EndVerdict::stopped, std::nullopt};
    case StopReason::restart:
    case StopReason::era_probe:
        return EndClass{EndVerdict::start_again, std::nullopt};
    case StopReason::idle:
        return EndClass{EndVerdict::idle, std::nullopt};
    default:
        return std::nullopt;
    }
}

bool is_permanent_exec_error(int error_number) {
    return error_number == ENOENT || error_number == EACCES || error_number == ENOEXEC ||
           error_number == ENOTDIR || error_number == ELOOP;
}

EndClass classify_never_ran(const Outcome& outcome, const EndContext& context) {
    const bool exec = outcome.kind == EndKind::exec_failed;
    Error cause = end_error(exec ? "GH-P305" : "GH-S610", to_text(outcome), context);
    cause.what = exec ? "the command cannot be executed" : "the sandbox cannot be set up";
    cause.action = exec ? "check run.command and source.dir in its manifest"
                        : "run `gatehouse doctor` to see which kernel feature is missing";
    if (exec && !is_permanent_exec_error(outcome.error_number)) {
        return failure(std::move(cause), context);
    }
    return misconfigured(std::move(cause));
}

EndClass classify_exit(const Outcome& outcome, const EndContext& context) {
    const int code = outcome.code;
    const bool never_right =
        code == exit_configuration || code == exit_not_executable || code == exit_not_found;
    if (never_right && !context.was_ready) {
        Error cause = end_error("GH-P305", to_text(outcome), context);
        cause.action = "check run.command, run.env and its configuration; " + logs_action(context);
        return misconfigured(std::move(cause));
    }
    Error cause = end_error("GH-P301", to_text(outcome), context);
    if (code == 0 && context.was_ready && context.policy != RestartPolicy::always) {
        return {EndVerdict::idle, std::move(cause)};
    }
    return failure(std::move(cause), context);
}

std::string whole_mib_text(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1ULL << 20;
    return std::to_string((bytes + mib / 2) / mib) + " MiB";
}

std::string memory_text(const Outcome& outcome, const EndContext& context) {
    const std::uint64_t limit = outcome.memory_max_bytes.value_or(context.memory_limit_bytes);
    std::string text;
    if (limit > 0) {
        text += " of " + whole_mib_text(limit);
    }
    if (outcome.memory_peak_bytes) {
        text += " (peak " + whole_mib_text(*outcome.memory_peak_bytes) + ")";
    }
    return text;
}

// What the kernel proved about the cgroup that it ran in.
std::optional<EndClass> classify_proved(const Outcome& outcome, const EndContext& context) {
    const bool well = outcome.kind == EndKind::exited && outcome.code == 0;
    // Who forks to its limit first would never be counted as one that breaks its bounds.
    const bool forbidden = outcome.kind == EndKind::signaled && outcome.signal == SIGSYS;
    if (outcome.oom_killed) {
        Error cause = end_error(
            "GH-P303", "it reached its memory limit" + memory_text(outcome, context), context);
        cause.action = "raise sandbox.limits.memory in its manifest, or find out what grows; " +
                       logs_action(context);
        return failure(std::move(cause), context);
    }
    if (outcome.host_oom_killed) {
        Error cause =
            end_error("GH-P304", "the host was out of memory, not the connector", context);
        cause.action = "free memory on this host, or lower what its services may take";
        return failure(std::move(cause), context);
    }
    if (outcome.pids_limit_hit && !well && !forbidden) {
        const std::string limit =
            context.pids_limit > 0 ? " of " + std::to_string(context.pids_limit) : "";
        Error cause = end_error("GH-P309",
                                "it was refused a process at its limit" + limit +
                                    ", and ended with " + to_text(outcome),
                                context);
        cause.action = "raise sandbox.limits.pids in its manifest, or find out what forks; " +
                       logs_action(context);
        return failure(std::move(cause), context);
    }
    return std::nullopt;
}

EndClass classify_violation(const Outcome& outcome, const EndContext& context) {
    const std::string call = outcome.forbidden_call.empty()
                                 ? "a system call that the sandbox forbids"
                                 : outcome.forbidden_call + ", which the sandbox forbids";
    Error cause = end_error("GH-S604", "it made " + call, context);
    if (context.violations_before + 1 < violations_max_count) {
        return failure(std::move(cause), context);
    }
    cause.why +=
        ", and not for the first time: " + std::to_string(violations_max_count) + " in all";
    cause.action = "find out why it does that; `gatehouse start " + context.connector +
                   "` releases it from quarantine";
    return {EndVerdict::quarantined, std::move(cause)};
}

EndClass classify_signal(const Outcome& outcome, const EndContext& context) {
    if (outcome.signal == SIGSYS) {
        return classify_violation(outcome, context);
    }
    // Neither we nor a limit of its own: the kernel says so of a signal that cannot be caught.
    if (outcome.signal == SIGKILL && !context.killed_by_us) {
        Error cause = end_error("GH-P308", "something outside of Gatehouse killed it", context);
        cause.action = "look for an operator, a script or the kernel's log (`dmesg`) at that time";
        return failure(std::move(cause), context);
    }
    std::string why = to_text(outcome) + (outcome.core ? " with a core dump" : "");
    return failure(end_error("GH-P302", std::move(why), context), context);
}

} // namespace

bool ended_by_itself(const Outcome& outcome) {
    if (outcome.oom_killed || outcome.host_oom_killed) {
        return false;
    }
    if (outcome.kind != EndKind::signaled) {
        return outcome.kind == EndKind::exited;
    }
    switch (outcome.signal) {
    case SIGABRT:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGPIPE:
    case SIGSEGV:
    case SIGTRAP:
        return true;
    default:
        return false;
    }
}

EndClass classify_end(const Outcome& outcome, const EndContext& context) {
    if (auto asked = classify_asked(context.reason)) {
        return *asked;
    }
    if (outcome.kind == EndKind::exec_failed || outcome.kind == EndKind::setup_failed) {
        return classify_never_ran(outcome, context);
    }
    // What we ended it for comes before how it ended.
    if (context.reason_error) {
        return failure(*context.reason_error, context);
    }
    if (context.killed_by_us && context.reason == StopReason::stdout_closed) {
        Error cause = end_error("GH-P307", "it closed its stdout and had to be killed", context);
        return failure(std::move(cause), context);
    }
    if (auto proved = classify_proved(outcome, context)) {
        return *proved;
    }
    switch (outcome.kind) {
    case EndKind::exited:
        return classify_exit(outcome, context);
    case EndKind::signaled:
        return classify_signal(outcome, context);
    default:
        return failure(end_error("GH-P308", "it was killed from outside", context), context);
    }
}

ExitEvidence exit_evidence(const Outcome& outcome, std::chrono::milliseconds uptime) {
    ExitEvidence exit;
    exit.code = outcome.kind == EndKind::exited ? outcome.code : 0;
    exit.signal = outcome.signal;
    exit.core = outcome.core;
    exit.uptime = uptime;
    exit.memory_peak_bytes = outcome.memory_peak_bytes.value_or(outcome.largest_process_bytes);
    exit.memory_max_bytes = outcome.memory_max_bytes.value_or(0);
    if (outcome.oom_killed) {
        exit.result = "oom";
    } else if (outcome.host_oom_killed) {
        exit.result = "host_oom";
    } else if (outcome.kind == EndKind::signaled && outcome.signal == SIGSYS) {
        exit.result = "seccomp";
    } else if (outcome.pids_limit_hit) {
        exit.result = "pids";
    } else {
        constexpr const char* words[] = {"exited", "signaled", "setup_failed", "exec_failed",
                                         "killed_from_outside"};
        exit.result = words[static_cast<int>(outcome.kind)];
    }
    return exit;
}

EndClass classify_session_end(const Error& end, const EndContext& context) {
    if (auto asked = classify_asked(context.reason)) {
        return *asked;
    }
    return failure(context.reason_error.value_or(end), context);
}

EndClass classify_launch_failure(const Error& error, const EndContext& context) {
    if (auto asked = classify_asked(context.reason)) {
        return *asked;
    }
    const bool permanent = error.code == "GH-P305" || error.code == "GH-S610";
    return permanent ? misconfigured(error) : failure(error, context);
}

} // namespace gatehouse::runtime
