// Instance: one run of a connector, from its launch until nothing of it is left. Plain data of the
// slot's driver and of the coroutines that watch this run; shared by them, so that it lives until
// the last has ended.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/health/health_facts.hpp"
#include "runtime/session/session.hpp"
#include "runtime/supervisor/crash_record.hpp"
#include "runtime/supervisor/liveness.hpp"
#include "runtime/supervisor/process_memory.hpp"
#include "runtime/supervisor/stderr_capture.hpp"
#include "sandbox/child_process.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace gatehouse::runtime {

constexpr std::size_t list_kind_count = 4;
constexpr std::size_t crashed_calls_max_count = 64;

// Readings of one list of a running instance, so that one serves all who ask meanwhile.
struct ListReadings {
    bool stale = false; // the connector said that it changed
    bool due = false;   // it is time to look whether it changed
    SteadyTime read_at;
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
};

// When it is probed next, and whether a probe is under way.
struct ProbeTimes {
    SteadyTime liveness_at;
    SteadyTime catalogue_at;
    SteadyTime deep_at;
    bool liveness_running = false;
    bool deep_running = false;
};

// What its tree took when that was read last.
struct SampledUse {
    SteadyTime at;
    TreeUse use;
    std::uint64_t memory_max_bytes = 0; // as its control group says; 0: not known
    double cpu_percent = 0;             // of one core, between the last two readings
};

struct Instance {
    explicit Instance(LivenessSpec probes_wanted) : liveness(probes_wanted) {}

    InstanceId id;
    WallTime started_at;
    SteadyTime started;
    std::optional<SteadyTime> ready_since;
    std::unique_ptr<Session> session;
    std::unique_ptr<sandbox::ChildProcess> child;  // null for a remote one
    std::unique_ptr<StderrCapture> stderr_capture; // null for a remote one
    std::unique_ptr<StderrCapture> stdout_capture; // null if stdout is the session's
    std::optional<Era> known_era;                  // what its handshake was told

    std::optional<Result<Catalogue>> handshake; // set when it ended
    std::optional<Error> session_end;           // set when the session ended
    bool gone = false;                          // nothing of it is left
    std::optional<sandbox::Outcome> outcome;    // of the child, when its tree is proved empty
    std::uint64_t calls_active = 0;             // waiting in its queue or sent
    std::uint64_t calls_answered = 0;
    std::uint64_t lines_logged = 0;
    std::vector<CrashedCall> interrupted; // by its end; at most crashed_calls_max_count
    std::optional<Error> killed_for;      // why we killed it, for the calls that it had
    bool judged = false;                  // its end was, and this is why, if it was not asked for
    std::optional<Error> end_cause;
    std::optional<DatedCause> violation; // of the protocol, for which its session was ended
    Liveness liveness;
    ProbeTimes probes;
    SampledUse sampled;
    int readers_running = 0; // of the session and the captures
    std::array<ListReadings, list_kind_count> lists;
    bool refreshing = false;
    bool killed_by_us = false;

    // Its session was ended because of what the connector sent.
    bool violated() const { return session_end && session_end->code == "GH-M402"; }
    bool serves() const { return ready_since && !gone && !session_end; }
};

} // namespace gatehouse::runtime
