// ServiceManager: the daemon's side of systemd (or whatever set NOTIFY_SOCKET): readiness, the
// status line, the watchdog, and sockets passed in. Says nothing where nobody listens.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/supervisor/connector_status.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::gateway {

// Sockets of LISTEN_FDS. Named "client" and "admin" (FileDescriptorName=), or told by their family:
// TCP is the client's, unix the admin's. Empty: open one as the configuration says.
struct PassedSockets {
    UniqueFd client;
    UniqueFd admin;
};
// Once in a process; the variables are gone afterwards, so that no child sees them. Error GH-C520:
// a descriptor that is neither, or a second one of a kind.
Result<PassedSockets> take_passed_sockets();

// "12 connectors: 9 healthy, 2 idle, 1 crash_loop"; healthy first, then by number.
std::string status_line(const std::vector<runtime::ConnectorStatus>& connectors);

class ServiceManager {
  public:
    // The line costs a look at every connector, so it is asked for only when the count of changes
    // is another one, or half a minute has passed.
    struct Status {
        std::function<std::string()> text;
        std::function<std::uint64_t()> changes;
    };
    explicit ServiceManager(Executor executor);

    void ready();
    void reloading(); // ready() ends it
    void stopping();

    // Until stop(): tells the watchdog that the loop turns, at half of its period, and the status
    // line when it has changed, at most every 5 s.
    Task<void> run(Status status);
    void stop();

  private:
    void tell_status(const Status& status, SteadyTime now);

    asio::steady_timer timer_;
    bool listened_to_;
    bool ending_ = false; // what the status line says is the last word
    bool stopped_ = false;
    std::optional<std::chrono::microseconds> watchdog_; // its period
    std::string last_status_;
    std::optional<std::uint64_t> last_changes_;
    SteadyTime status_due_{};   // not before
    SteadyTime status_stale_{}; // whatever the count says
};

} // namespace gatehouse::gateway
