// Instance: one run of a connector, from exec to the empty tree. Plain data of the connector's
// driver and of the coroutines that watch this run; shared by them, so that it lives until the last
// has ended.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/session/session.hpp"
#include "runtime/supervisor/stderr_capture.hpp"
#include "sandbox/child_process.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace gatehouse::runtime {

struct Instance {
    InstanceId id;
    WallTime started_at;
    SteadyTime started;
    std::optional<SteadyTime> ready_since;
    std::unique_ptr<sandbox::ChildProcess> child;
    std::unique_ptr<Session> session;
    std::unique_ptr<StderrCapture> stderr_capture;

    std::optional<Result<Catalogue>> handshake; // set when it ended
    std::optional<Error> session_end;           // set when stdout is closed
    std::optional<sandbox::Outcome> outcome;    // set when the tree is proved empty
    std::uint64_t calls_active = 0;             // waiting in its queue or sent
    int readers_running = 0;                    // of stdout and stderr
    bool catalogue_stale = false;
    bool refreshing = false;
    bool killed_by_us = false;

    bool serves() const { return ready_since && !outcome && !session_end; }
};

} // namespace gatehouse::runtime
