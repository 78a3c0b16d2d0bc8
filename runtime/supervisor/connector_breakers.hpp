// ConnectorBreakers: one circuit breaker for each host behind a connector, fed by the ends of its
// calls. A host is known of a remote connector, and of others by what their results tell; which
// tool leads to which host is learned from that. Pure; it outlives the instances, so that a restart
// alone closes nothing.
#pragma once

#include "runtime/health/circuit_breaker.hpp"
#include "runtime/supervisor/instance_slot.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::runtime {

class ConnectorBreakers {
  public:
    static constexpr std::size_t hosts_max_count = 32;
    static constexpr std::size_t targets_max_count = 1024;

    // `own_host`: of a remote connector; empty: not known.
    ConnectorBreakers(std::string connector, std::string own_host)
        : connector_(std::move(connector)), own_host_(std::move(own_host)) {}

    // Nothing: the call may go out.
    std::optional<HeldBack> held_back(const ConnectorCall& call, SteadyTime now);
    void on_outcome(const CallOutcomeSeen& seen, SteadyTime now);
    // Calls `tell` for each breaker that went from one state to another since the last time.
    struct Change {
        const std::string& host;
        BreakerState from = BreakerState::closed;
        BreakerState to = BreakerState::closed;
        const std::optional<Error>& cause;
    };
    void tell_changes(SteadyTime now, const std::function<void(const Change&)>& tell);
    // Of every host that ever failed.
    std::vector<BreakerFact> facts(WallTime wall, SteadyTime now) const;
    bool all_closed(SteadyTime now) const;

  private:
    struct Host {
        CircuitBreaker breaker;
        BreakerState told = BreakerState::closed;
    };
    std::string host_of(const ConnectorCall& call) const;
    Host& host_named(const std::string& name);
    void learn(const ConnectorCall& call, const std::string& host);

    std::string connector_;
    std::string own_host_;
    std::map<std::string, Host> hosts_; // only those that failed once
    std::map<std::string, std::string> host_of_target_;
};

} // namespace gatehouse::runtime
