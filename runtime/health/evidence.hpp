// Evidence: the one object that says what a connector is worth, since when, why, who can do what,
// and what was seen to prove it. The same JSON in the command line, the admin API, events and the
// journal (design: one evidence object). Pure.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/json.hpp"
#include "runtime/health/health.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::runtime {

struct ExitEvidence {
    std::string result; // "exited", "signaled", "oom", "pids", "seccomp", "exec_failed", …
    int code = 0;
    int signal = 0;
    bool core = false;
    std::chrono::milliseconds uptime{0};
    std::uint64_t memory_peak_bytes = 0; // 0: not known
    std::uint64_t memory_max_bytes = 0;
};

struct Evidence {
    std::string connector;
    Health health;
    EvidenceSource source = EvidenceSource::none;
    std::string confidence; // "certain", "likely", "suspected"; empty if nothing is wrong
    std::string summary;    // one line
    std::string who;        // who acts: "team", "admin", "operator", "member", "nobody"
    std::string verb;       // a command line or empty
    std::string url;        // where to act, if it is no command
    std::string scope;      // "connector", "instance", "host"
    std::string revision;   // of the manifest and the source, short
    InstanceId instance;
    std::string host; // of what is behind it, if known
    int http_status = 0;
    std::string oauth_error;
    std::string trace_id;
    std::optional<ExitEvidence> exit;
    std::optional<WallTime> first_seen; // of the cause
    std::optional<WallTime> last_seen;
    std::optional<WallTime> last_ok; // the last answered call or probe
    std::optional<WallTime> next_attempt_at;
    std::uint64_t calls_recent = 0;
    std::uint64_t calls_recent_failed = 0;
    std::chrono::milliseconds p95{0}; // of the recent calls; 0: none was timed
    int restarts_total = 0;
    int restarts_window = 0; // in restart.window
    int restarts_budget = 0;
    std::uint64_t log_cursor = 0;        // seq of the log at the cause, 0 if none
    std::vector<std::string> last_lines; // at most 50, masked
};

constexpr std::size_t evidence_lines_max_count = 50;

// Everything that facts and health say; the caller adds what only it knows: revision, instance,
// exit, trace_id, log_cursor, last_lines. `health` is that which is shown (a tracker's).
Evidence make_evidence(const HealthFacts& facts, const Health& health);

Json evidence_json(const Evidence& evidence);
// Parts of it, for others that show the same things.
Json error_json(const std::optional<Error>& error); // null for nothing
Json health_conditions_json(const std::vector<HealthCondition>& conditions);
Json exit_json(const ExitEvidence& exit);

} // namespace gatehouse::runtime
