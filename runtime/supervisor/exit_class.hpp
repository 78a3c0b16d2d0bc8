// What the end of an instance means: try again, sleep, give up, or wait for a changed input; and
// the cause for the reader. Pure. Order of tests: what we asked, exec errno, why we killed it, the
// proofs of the cgroup, wait status; the first cause wins.
#pragma once

#include "runtime/base/error.hpp"
#include "runtime/health/evidence.hpp"
#include "runtime/manifest/connector_spec.hpp"
#include "sandbox/outcome.hpp"

#include <optional>
#include <string>

namespace gatehouse::runtime {

// Why the supervisor itself ended an instance.
enum class StopReason {
    none,           // it ended by itself
    verb,           // gatehouse stop
    restart,        // gatehouse restart, or a secret changed
    idle,           // no calls for idle_after
    shutdown,       // the daemon ends
    startup_failed, // no handshake in time, or a wrong one
    stdout_closed,  // it closed its stdout and lived on
    era_probe,      // it does not live with being asked for its era
    unresponsive,   // it did not answer the liveness probe any more
};

struct EndContext {
    std::string connector;
    StopReason reason = StopReason::none;
    std::optional<Error> reason_error; // for startup_failed: late, or a wrong answer;
                                       // for unresponsive: what it did not do
    bool was_ready = false;
    bool killed_by_us = false; // a signal of ours was sent
    RestartPolicy policy = RestartPolicy::on_failure;
    std::uint64_t memory_limit_bytes = 0; // of its manifest, if the outcome does not say
    std::uint32_t pids_limit = 0;
    int violations_before = 0; // of the sandbox, by earlier instances
};

// So many forbidden system calls, and it is not tried again until an operator decides.
constexpr int violations_max_count = 3;

enum class EndVerdict {
    restart,     // after a backoff, counted as a failure
    start_again, // at once, not counted
    idle,
    stopped,
    misconfigured,
    failed, // policy "never"
    quarantined,
};

struct EndClass {
    EndVerdict verdict = EndVerdict::restart;
    std::optional<Error> cause; // none for an end that was asked for
};

// Whether the program itself made this end: it exited, or a fault of its own killed it. Not if it
// was killed from outside, or by a limit.
bool ended_by_itself(const sandbox::Outcome& outcome);

EndClass classify_end(const sandbox::Outcome& outcome, const EndContext& context);
// A session with a server elsewhere ended; there is no process that could say more.
EndClass classify_session_end(const Error& end, const EndContext& context);
// The launch itself failed: nothing ran.
EndClass classify_launch_failure(const Error& error, const EndContext& context);

// The same end as evidence: "exited", "signaled", "oom", "host_oom", "pids", "seccomp",
// "exec_failed", "setup_failed", "killed_from_outside".
ExitEvidence exit_evidence(const sandbox::Outcome& outcome, std::chrono::milliseconds uptime);

} // namespace gatehouse::runtime
