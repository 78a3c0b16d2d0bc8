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

EndClass classify_signal(const Outcome& outcome, const EndContext& context) {
    if (outcome.signal == SIGSYS) {
        Error cause =
            end_error("GH-S604", "it made a system call that the sandbox forbids", context);
        return failure(std::move(cause), context);
    }
    std::string why = to_text(outcome) + (outcome.core ? " with a core dump" : "");
    return failure(end_error("GH-P302", std::move(why), context), context);
}

} // namespace

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
    switch (outcome.kind) {
    case EndKind::exited:
        return classify_exit(outcome, context);
    case EndKind::signaled:
        return classify_signal(outcome, context);
    default:
        return failure(end_error("GH-P308", "it was killed from outside", context), context);
    }
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
