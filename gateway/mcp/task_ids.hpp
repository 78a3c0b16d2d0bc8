// TaskIds: the ids under which clients know the tasks of connectors. A connector's own id is never
// shown: ours is random, belongs to one principal at one virtual server, and says whose task it is.
// Bounded; it forgets with the task's lifetime. One event loop.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/catalogue.hpp"

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

namespace gatehouse::gateway {

struct TaskOwner {
    PrincipalId principal;
    VirtualServerName virtual_server;
};

struct KnownTask {
    ConnectorName connector;
    std::string upstream_id;
    std::string tool; // the connector's own name of the tool it was made by
};

struct TaskIdLimits {
    std::size_t max_count = 16'384;
    std::size_t max_count_per_principal = 1024; // of them the oldest goes first
    std::chrono::milliseconds unlimited_lifetime = std::chrono::hours(24); // of a task without ttl
    std::chrono::milliseconds after_ttl = std::chrono::minutes(1);         // clocks differ
};

class TaskIds {
  public:
    explicit TaskIds(const Clock& clock, TaskIdLimits limits = {});

    // The id for the client; the same for the same task. No ttl: the task lives without limit.
    std::string add(const TaskOwner& owner, KnownTask task,
                    std::optional<std::chrono::milliseconds> ttl);
    // Empty for an unknown, a forgotten and another owner's task alike.
    std::optional<KnownTask> find(const TaskOwner& owner, std::string_view id) const;
    // How this owner knows the connector's task; empty if it is not one of the owner's.
    std::optional<std::string> shown_id(const TaskOwner& owner, const ConnectorName& connector,
                                        std::string_view upstream_id) const;
    // Where the owner has tasks, each once, in order of name.
    std::set<ConnectorName> connectors_of(const TaskOwner& owner) const;
    std::size_t count() const { return entries_.size(); }

  private:
    struct Entry {
        std::string id;
        TaskOwner owner;
        KnownTask task;
        SteadyTime forget_at;
    };
    using Order = std::list<Entry>; // in the order of their making
    using Upstream = std::tuple<std::string, std::string, std::string, std::string>;

    static Upstream upstream_key(const TaskOwner& owner, const ConnectorName& connector,
                                 std::string_view upstream_id);
    void forget(Order::iterator entry);
    void make_room(const TaskOwner& owner);

    const Clock& clock_;
    TaskIdLimits limits_;
    Order entries_;
    std::map<std::string, Order::iterator, std::less<>> by_id_;
    std::map<Upstream, Order::iterator> by_upstream_;
    std::map<PrincipalId, std::size_t> counts_;
};

} // namespace gatehouse::gateway
