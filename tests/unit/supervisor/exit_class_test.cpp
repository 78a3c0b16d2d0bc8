#include "runtime/supervisor/exit_class.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

using namespace gatehouse;
using namespace gatehouse::runtime;
using sandbox::EndKind;
using sandbox::Outcome;

namespace {

Outcome exited(int code) {
    Outcome outcome;
    outcome.kind = EndKind::exited;
    outcome.code = code;
    return outcome;
}

Outcome signaled(int signal_number) {
    Outcome outcome;
    outcome.kind = EndKind::signaled;
    outcome.signal = signal_number;
    return outcome;
}

Outcome never_ran(EndKind kind, int error_number) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.step = "landlock";
    outcome.error_number = error_number;
    return outcome;
}

EndContext ready_context() {
    EndContext context;
    context.connector = "notes";
    context.was_ready = true;
    return context;
}

EndContext start_context() {
    EndContext context = ready_context();
    context.was_ready = false;
    return context;
}

void check_class(const EndClass& end, EndVerdict verdict, const std::string& code) {
    CHECK(end.verdict == verdict);
    REQUIRE(end.cause.has_value());
    CHECK(end.cause->code == code);
    CHECK_FALSE(end.cause->action.empty());
}

} // namespace

TEST_CASE("an end that was asked for has no cause, however the process ended") {
    for (const auto& outcome : {exited(0), exited(1), signaled(SIGKILL), Outcome{}}) {
        EndContext context = ready_context();
        context.reason = StopReason::verb;
        CHECK(classify_end(outcome, context).verdict == EndVerdict::stopped);
        CHECK_FALSE(classify_end(outcome, context).cause.has_value());
        context.reason = StopReason::idle;
        CHECK(classify_end(outcome, context).verdict == EndVerdict::idle);
        context.reason = StopReason::restart;
        CHECK(classify_end(outcome, context).verdict == EndVerdict::start_again);
        context.reason = StopReason::shutdown;
        CHECK(classify_end(outcome, context).verdict == EndVerdict::stopped);
    }
}

TEST_CASE("a command that cannot be executed is misconfigured") {
    for (const int error_number : {ENOENT, EACCES, ENOEXEC}) {
        const Outcome outcome = never_ran(EndKind::exec_failed, error_number);
        check_class(classify_end(outcome, start_context()), EndVerdict::misconfigured, "GH-P305");
    }
    const Outcome passing = never_ran(EndKind::exec_failed, ENOMEM);
    check_class(classify_end(passing, start_context()), EndVerdict::restart, "GH-P305");
}

TEST_CASE("exit 78, 126 and 127 are misconfigured before ready and failures after") {
    for (const int code : {78, 126, 127}) {
        check_class(classify_end(exited(code), start_context()), EndVerdict::misconfigured,
                    "GH-P305");
        check_class(classify_end(exited(code), ready_context()), EndVerdict::restart, "GH-P301");
    }
}

TEST_CASE("a failed step of the sandbox is misconfigured") {
    const Outcome outcome = never_ran(EndKind::setup_failed, EPERM);
    check_class(classify_end(outcome, start_context()), EndVerdict::misconfigured, "GH-S610");
}

TEST_CASE("other exits, signals and lost processes are restarted with their own code") {
    check_class(classify_end(exited(1), start_context()), EndVerdict::restart, "GH-P301");
    check_class(classify_end(exited(3), ready_context()), EndVerdict::restart, "GH-P301");
    check_class(classify_end(signaled(SIGSEGV), ready_context()), EndVerdict::restart, "GH-P302");
    check_class(classify_end(signaled(SIGSYS), ready_context()), EndVerdict::restart, "GH-S604");
    check_class(classify_end(Outcome{}, ready_context()), EndVerdict::restart, "GH-P308");
}

TEST_CASE("an unexpected exit 0 follows the policy once it was ready, and is a failure before") {
    EndContext context = ready_context();
    check_class(classify_end(exited(0), context), EndVerdict::idle, "GH-P301");
    context.policy = RestartPolicy::always;
    check_class(classify_end(exited(0), context), EndVerdict::restart, "GH-P301");
    context.policy = RestartPolicy::never;
    check_class(classify_end(exited(0), context), EndVerdict::idle, "GH-P301");
    check_class(classify_end(exited(0), start_context()), EndVerdict::restart, "GH-P301");
}

TEST_CASE("with policy never a failure is final") {
    EndContext context = ready_context();
    context.policy = RestartPolicy::never;
    check_class(classify_end(exited(1), context), EndVerdict::failed, "GH-P301");
    check_class(classify_end(signaled(SIGTERM), context), EndVerdict::failed, "GH-P302");
}

TEST_CASE("a start that came too late keeps its cause, whatever it died of") {
    EndContext context = start_context();
    context.reason = StopReason::startup_failed;
    context.reason_error = Error{"GH-P306", "not ready in time", "", "", "look at its logs"};
    context.killed_by_us = true;
    check_class(classify_end(signaled(SIGKILL), context), EndVerdict::restart, "GH-P306");
    check_class(classify_end(exited(0), context), EndVerdict::restart, "GH-P306");
}

TEST_CASE("a connector that closed its stdout is judged by its exit, or GH-P307 if we killed it") {
    EndContext context = ready_context();
    context.reason = StopReason::stdout_closed;
    check_class(classify_end(exited(2), context), EndVerdict::restart, "GH-P301");
    context.killed_by_us = true;
    check_class(classify_end(signaled(SIGTERM), context), EndVerdict::restart, "GH-P307");
}

TEST_CASE("a failed launch is permanent for the command and the sandbox, else tried again") {
    const Error exec{"GH-P305", "cannot execute", "", "", "check run.command"};
    const Error setup{"GH-S610", "step failed", "", "", "run doctor"};
    const Error late{"GH-P306", "no report in time", "", "", "try again"};
    CHECK(classify_launch_failure(exec, start_context()).verdict == EndVerdict::misconfigured);
    CHECK(classify_launch_failure(setup, start_context()).verdict == EndVerdict::misconfigured);
    CHECK(classify_launch_failure(late, start_context()).verdict == EndVerdict::restart);
}

TEST_CASE("an end at its own memory limit says so with limit, peak and what to raise") {
    Outcome outcome = signaled(SIGKILL);
    outcome.oom_killed = true;
    outcome.memory_max_bytes = 64ULL << 20;
    outcome.memory_peak_bytes = 63ULL << 20;
    const EndClass end = classify_end(outcome, ready_context());
    check_class(end, EndVerdict::restart, "GH-P303");
    CHECK(end.cause->why.find("64 MiB") != std::string::npos);
    CHECK(end.cause->why.find("63 MiB") != std::string::npos);
    CHECK(end.cause->action.find("sandbox.limits.memory") != std::string::npos);
    CHECK(exit_evidence(outcome, std::chrono::seconds(3)).result == "oom");
    CHECK(exit_evidence(outcome, std::chrono::seconds(3)).memory_peak_bytes == 63ULL << 20);
}

TEST_CASE("the host's lack of memory is not blamed on the connector") {
    Outcome outcome = signaled(SIGKILL);
    outcome.host_oom_killed = true;
    check_class(classify_end(outcome, ready_context()), EndVerdict::restart, "GH-P304");
}

TEST_CASE("a refused fork explains a failed end, not a good one") {
    Outcome outcome = exited(1);
    outcome.pids_limit_hit = true;
    EndContext context = ready_context();
    context.pids_limit = 8;
    check_class(classify_end(outcome, context), EndVerdict::restart, "GH-P309");
    outcome.code = 0;
    check_class(classify_end(outcome, context), EndVerdict::idle, "GH-P301");
    Outcome forbidden = signaled(SIGSYS);
    forbidden.pids_limit_hit = true;
    check_class(classify_end(forbidden, context), EndVerdict::restart, "GH-S604");
}

TEST_CASE("a SIGKILL that nobody here sent came from outside") {
    check_class(classify_end(signaled(SIGKILL), ready_context()), EndVerdict::restart, "GH-P308");
    EndContext killed = ready_context();
    killed.killed_by_us = true;
    check_class(classify_end(signaled(SIGKILL), killed), EndVerdict::restart, "GH-P302");
}

TEST_CASE("the third forbidden system call puts a connector into quarantine, and names the call") {
    Outcome outcome = signaled(SIGSYS);
    outcome.forbidden_call = "the system call ptrace";
    EndContext context = ready_context();
    for (int before = 0; before < violations_max_count - 1; ++before) {
        context.violations_before = before;
        const EndClass end = classify_end(outcome, context);
        check_class(end, EndVerdict::restart, "GH-S604");
        CHECK(end.cause->why.find("ptrace") != std::string::npos);
    }
    context.violations_before = violations_max_count - 1;
    check_class(classify_end(outcome, context), EndVerdict::quarantined, "GH-S604");
    CHECK(exit_evidence(outcome, std::chrono::seconds(1)).result == "seccomp");
}

TEST_CASE("one that did not answer any more keeps that cause, whatever the kill left of it") {
    EndContext context = ready_context();
    context.reason = StopReason::unresponsive;
    context.reason_error = Error{"GH-P307", "it does not answer", "", "", "look at its logs"};
    context.killed_by_us = true;
    Outcome outcome = signaled(SIGKILL);
    outcome.oom_killed = true;
    check_class(classify_end(outcome, context), EndVerdict::restart, "GH-P307");
}

TEST_CASE("an exit and a fault are ends of its own, a kill and a limit are not") {
    CHECK(ended_by_itself(exited(0)));
    CHECK(ended_by_itself(exited(78)));
    CHECK(ended_by_itself(signaled(SIGSEGV)));
    CHECK_FALSE(ended_by_itself(signaled(SIGKILL)));
    CHECK_FALSE(ended_by_itself(signaled(SIGTERM)));
    CHECK_FALSE(ended_by_itself(signaled(SIGSYS)));
    CHECK_FALSE(ended_by_itself(Outcome()));
    Outcome starved = exited(137);
    starved.oom_killed = true;
    CHECK_FALSE(ended_by_itself(starved));
}
