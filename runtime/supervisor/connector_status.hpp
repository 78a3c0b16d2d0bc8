// ConnectorStatus: what `gatehouse ls` and `status` show of one connector, or of one instance of
// it. Plain values, all taken at one instant.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/health/evidence.hpp"
#include "runtime/health/health.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::runtime {

struct ConnectorStatus {
    ConnectorName name;
    std::string title;
    std::string health; // a word of design/health.md: healthy, idle, starting, crash_loop …
    std::string
        lifecycle; // pending, spawning, handshake, ready, draining, backoff, idle, stopped …
    std::optional<Error> cause; // why it is not healthy; code, what happened, what to do
    WallTime since;             // of this health
    std::vector<HealthCondition> conditions; // all else that is true of it
    std::optional<WallTime> started_at;      // of the running instance
    std::optional<WallTime> next_attempt_at; // in backoff
    InstanceId instance;
    int jail_pid = 0;
    int restarts_total = 0;
    int tool_count = -1; // -1: never started
    std::uint64_t calls_total = 0;
    std::uint64_t calls_failed = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t stray_lines = 0;
    std::uint64_t unknown_ids = 0;
    std::uint64_t log_lines_dropped = 0;
    std::uint64_t memory_bytes = 0; // sum over the trees, 0 if none runs
    std::uint64_t memory_max_bytes = 0;
    std::string last_exit; // text of the last outcome; empty if none

    // Of the connector as a whole: health, cause and process above are those of its worst instance.
    int instances_ready = 0;
    int instances_total = 0; // that run, start or are in trouble; 1 for a shared one that sleeps
    std::string scope;       // shared, member, session, auto
    std::string transport;   // stdio, http, remote
    std::string era;         // legacy, modern; empty: not known yet
    std::vector<std::string> weakenings; // named ones of its manifest

    Evidence evidence;              // the same health with everything that was seen to prove it
    std::string revision;           // of the manifest and the source, 8 hex digits
    std::uint64_t calls_recent = 0; // in the last five minutes
    std::uint64_t calls_recent_failed = 0;
    std::int64_t p95_ms = 0;           // of the recent calls; 0: none
    double cpu_percent = 0;            // of one core, sum over the trees
    std::uint64_t log_cursor = 0;      // seq of its newest log record
    std::vector<BreakerFact> breakers; // those that are not closed
};

} // namespace gatehouse::runtime
