// What the end of an instance means: try again, sleep, give up, or wait for a changed input; and
// the cause for the reader. Pure. Order of tests: what we asked, exec errno, wait status; the first
// cause wins.
#pragma once

#include "runtime/base/error.hpp"
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
};

struct EndContext {
    std::string connector;
    StopReason reason = StopReason::none;
    std::optional<Error> reason_error; // for startup_failed: late, or a wrong answer
    bool was_ready = false;
    bool killed_by_us = false; // a signal of ours was sent
    RestartPolicy policy = RestartPolicy::on_failure;
};

enum class EndVerdict {
    restart,     // after a backoff, counted as a failure
    start_again, // at once, not counted
    idle,
    stopped,
    misconfigured,
    failed, // policy "never"
};

struct EndClass {
    EndVerdict verdict = EndVerdict::restart;
    std::optional<Error> cause; // none for an end that was asked for
};

EndClass classify_end(const sandbox::Outcome& outcome, const EndContext& context);
// A session with a server elsewhere ended; there is no process that could say more.
EndClass classify_session_end(const Error& end, const EndContext& context);
// The launch itself failed: nothing ran.
EndClass classify_launch_failure(const Error& error, const EndContext& context);

} // namespace gatehouse::runtime
