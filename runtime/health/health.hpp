// Health: what a connector is worth to a caller, judged from dated facts. Pure: the same facts and
// the same instant give the same answer; the supervisor collects the facts, status and `ls` show
// the answer.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/health/downstream_evidence.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

enum class HealthWord {
    unknown,
    starting,
    healthy,
    degraded,
    unhealthy,
    auth_failed,       // the service behind it refuses the credential
    downstream_outage, // the service behind it is away
    crash_loop,
    failed,
    misconfigured,
    idle,
    stopped,
};

std::string_view to_text(HealthWord word);

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

struct HealthFacts {
    std::string connector;
    HealthPhase phase = HealthPhase::unknown;
    WallTime phase_since;
    std::optional<Error> last_failure; // cause of the last unasked end or failed start
    std::optional<WallTime> last_failure_at;
    // Of the last restarts, oldest first, bounded; without those that tell of the service behind
    // it.
    std::vector<WallTime> failures;
    std::optional<WallTime> last_stray_at; // stdout that is no protocol message
    std::uint64_t stray_lines = 0;
    std::optional<WallTime> last_log_drop_at;
    std::uint64_t log_lines_dropped = 0;
    std::uint64_t calls_recent = 0;        // in the last 5 minutes
    std::uint64_t calls_recent_failed = 0; // by the connector's fault
    std::optional<WallTime> calls_failing_since;
    // Of starts that failed because of the service behind it, one after the other; since the first.
    std::optional<WallTime> downstream_since;
    std::optional<DownstreamFact> refused_credential; // shown by calls of a ready connector
    std::optional<DownstreamFact> outage;
};

struct Health {
    HealthWord word = HealthWord::unknown;
    WallTime since;
    std::optional<Error> cause;          // what, why, and what to do; none when nothing is wrong
    std::vector<std::string> conditions; // every other true condition, by name
};

constexpr std::chrono::minutes crash_loop_window{10};
constexpr int crash_loop_failures_count = 3;
constexpr std::chrono::minutes restarted_window{10};
constexpr std::chrono::seconds condition_hold{60}; // a condition is over when false for so long

Health judge_health(const HealthFacts& facts, WallTime now);

} // namespace gatehouse::runtime
