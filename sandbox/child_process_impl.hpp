// The inside of ChildProcess, shared with the launcher.
#pragma once

#include "sandbox/cgroup.hpp"
#include "sandbox/child_process.hpp"
#include "sandbox/control_packet.hpp"
#include "sandbox/dial_table.hpp"
#include "sandbox/jail_spawn.hpp"
#include "sandbox/memory_watch.hpp"
#include "sandbox/plan_wire.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>

namespace gatehouse::sandbox {

// The jail process from spawn to reaping. Shared with a pending wait, so that a child whose owner
// has gone is still reaped.
struct JailProcess {
    explicit JailProcess(SpawnedJail spawned);
    ~JailProcess();

    // Reaps if it has ended; true from then on.
    bool reap();

    boost::process::v2::process process;  // pid and pidfd; detached once reaped
    asio::posix::stream_descriptor pidfd; // readable when it has ended
    pid_t pid;
    bool reaped = false;
    std::unique_ptr<Cgroup> group;           // null where there are none; removed after the end
    std::uint64_t largest_process_bytes = 0; // once reaped: of the tree's processes
    std::uint64_t cpu_ms = 0;
};

struct ChildProcess::Impl {
    Impl(Executor executor, std::shared_ptr<JailProcess> jail_process, UniqueFd control_socket);
    ~Impl();

    // The next report, or nothing when init and the jail have closed the socket. Bounded by the
    // life of the tree. Answers to dials go to their table. Cancelled: throws, and can be called
    // again.
    Task<std::optional<wire::Report>> next_report();
    // Completes when jail and init are dead and the jail is reaped.
    Task<void> gone();
    // Takes what is attached; true for an answer to a dial, which is no report on the connector.
    bool consumed(ControlPacket& packet);
    void absorb(const wire::Report& report);
    void kill_tree();
    // What is known of the end so far.
    Outcome conclusion() const;
    // The same once the tree is gone, with what its control group proves; removes the group.
    Outcome settle();

    Executor executor;
    std::string connector; // its name, for messages
    std::shared_ptr<JailProcess> jail;
    asio::posix::stream_descriptor control;
    std::optional<asio::posix::stream_descriptor> init_pidfd;
    UniqueFd stdin_fd;
    UniqueFd stdout_fd;
    UniqueFd stderr_fd;
    DialTable dials;
    std::shared_ptr<MemoryWatch> memory_watch; // null where it cannot be watched
    std::string detail;                        // what the failed step worked on
    std::string forbidden_call;                // what it is being killed for
    std::optional<Outcome> reported;           // the first cause
    std::optional<Outcome> ended;
    bool running = false;
    bool killed = false;
    bool lost = false; // the tree hung up by itself: it was not we who killed it
};

} // namespace gatehouse::sandbox
