// HealthFacts: all that is known of one instance of a connector (or of a connector) at one instant,
// as dated facts. The supervisor collects them, judge_health judges them. Plain values; what is not
// known keeps its default, which says that nothing is wrong.
#pragma once

#include "runtime/health/cause_class.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::runtime {

// What the lifecycle says, seen from health.
enum class HealthPhase {
    unknown,
    starting,
    ready,
    stopping,
    waiting,
    idle,
    stopped,
    failed,
    misconfigured,
    stuck
};

struct LivenessFacts {
    int failures_in_row = 0; // probes without an answer, one after the other
    bool busy = false;       // meanwhile its CPU time advanced or output flowed
    // It became ready after a failure, and the probe that shall confirm it is not answered yet.
    bool confirmation_due = false;
    std::optional<WallTime> failing_since;
    std::optional<WallTime> last_ok;
    std::optional<Error> last_error;
};

// One declared tool call of the manifest, made now and then; it never restarts the process.
struct DeepProbeFacts {
    int failures_in_row = 0;
    std::optional<DatedCause> failing; // since the first of them, with the cause of the last
};

struct LatencyFacts {
    std::chrono::milliseconds p95{0};
    std::chrono::milliseconds slo{0}; // 0: the manifest names none
    std::optional<WallTime> over_since;
};

struct MemoryFacts {
    std::uint64_t used_bytes = 0;
    std::uint64_t max_bytes = 0; // 0: no limit known
    std::optional<WallTime> high_since;
};

// Credentials that each member brings.
struct MemberFacts {
    int active_count = 0;
    int refused_count = 0;
    std::optional<DatedCause> refused; // since the first of those, with the cause of the last
};

enum class BreakerState { closed, open, half_open, recovering };
std::string_view to_text(BreakerState state);

// The circuit breaker of one host behind the connector.
struct BreakerFact {
    std::string host;
    BreakerState state = BreakerState::closed;
    DatedCause fact; // since it opened (recovering: since it closed), with the last failure
    std::optional<WallTime> next_attempt_at;
};

struct RestartFacts {
    int total = 0;
    int window = 0; // in restart.window
    int budget = 0; // of restart.failures; 0: not known
};

struct HealthFacts {
    std::string connector;
    HealthPhase phase = HealthPhase::unknown;
    WallTime phase_since;
    // Cause of the last unasked end or failed start: exits, signals, GH-P303 out of memory, GH-P306
    // a start that took too long, GH-P307 killed because it did not answer, protocol violations.
    std::optional<Error> last_failure;
    std::optional<WallTime> last_failure_at;
    // Of the last restarts, oldest first, bounded; without those that tell of the service behind
    // it.
    std::vector<WallTime> failures;
    RestartFacts restarts;
    std::optional<WallTime> next_attempt_at;
    std::optional<DatedCause> quarantine;         // until an admin approves
    std::optional<DatedCause> protocol_violation; // of a ready instance that still runs

    LivenessFacts liveness;
    DeepProbeFacts deep_probe;

    std::optional<WallTime> last_stray_at; // stdout that is no protocol message
    std::uint64_t stray_lines = 0;
    std::optional<WallTime> last_log_drop_at;
    std::uint64_t log_lines_dropped = 0;

    std::uint64_t calls_recent = 0;        // in the last 5 minutes
    std::uint64_t calls_recent_failed = 0; // by the connector's fault
    std::optional<WallTime> calls_failing_since;
    std::optional<WallTime> last_answer_at; // of a call
    std::optional<Error> last_call_error;   // of those that failed by the connector's fault
    LatencyFacts latency;
    MemoryFacts memory;
    int tools_held = 0; // tools not shown until an admin has seen how they changed
    std::optional<WallTime> tools_held_since;

    // Of starts that failed because of the service behind it, one after the other; since the first.
    std::optional<WallTime> downstream_since;
    // Shown by calls of a ready connector, or by our own token calls for its shared credential.
    std::optional<DatedCause> refused_credential;
    std::optional<DatedCause> outage;
    std::optional<DatedCause> identity_provider_away; // and its token has expired
    MemberFacts members;
    std::vector<BreakerFact> breakers;
    // Calls that failed because our own egress rules or policy refused them.
    std::optional<DatedCause> blocked;
    // Of text alone, which proves nothing (TextEvidence).
    std::optional<DatedCause> suspected_auth;
    std::optional<DatedCause> suspected_downstream;
};

} // namespace gatehouse::runtime
