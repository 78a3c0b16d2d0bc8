// ChildProcess: one running connector tree. Owns the jail process, its control socket and the three
// pipes. Destroying it closes the control socket, which makes init exit and the kernel kill the
// tree.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"
#include "sandbox/outcome.hpp"
#include "sandbox/resource_use.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <sys/types.h>

namespace gatehouse::sandbox {

class ChildProcess {
  public:
    struct Impl;
    explicit ChildProcess(std::unique_ptr<Impl> impl);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // Non-blocking, close-on-exec pipe ends; each can be taken once.
    UniqueFd take_stdin();
    UniqueFd take_stdout();
    UniqueFd take_stderr();

    // pid of gatehouse-jail in the daemon's pid namespace (its parent is the daemon).
    pid_t jail_pid() const;

    // Signals the connector (pid 2) through init; harmless after the end.
    void signal(int signal_number);
    // Kills the whole tree at once by hanging up the control socket, then SIGKILL to the jail.
    void kill_tree();

    // A connection to a port on the connector's own loopback, made inside its network namespace:
    // 127.0.0.1, and ::1 if that refuses. The descriptor is connected, non-blocking, close-on-exec,
    // with TCP_NODELAY. Several may be under way. A task must be in wait(), which reads init's
    // answers. Errors: GH-P313 nothing listens there (yet), GH-P314 past the deadline, GH-P315 the
    // connector has ended, GH-P316 too many at once (64), or the kernel refused.
    Task<Result<UniqueFd>> dial(std::uint16_t port, std::chrono::milliseconds deadline);

    // What the tree takes now, from its control group (some 50 us of small files); nothing where
    // there is none, and after the end, when Outcome has the last of it.
    std::optional<ResourceUse> resources() const;

    // Completes when the whole tree is gone and reaped, and its control group removed. May be
    // awaited once by one task; `ended()` is set from then on.
    Task<Outcome> wait();
    const std::optional<Outcome>& ended() const;

  private:
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::sandbox
