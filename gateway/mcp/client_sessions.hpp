// ClientSessions: the legacy MCP sessions of clients (Mcp-Session-Id). A session belongs to one
// principal and one virtual server and is never a proof of identity. Bounded; idle ones make room
// for new ones.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/connector_directory.hpp"

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gatehouse::gateway {

struct CallInFlight {
    CallId id;
    std::weak_ptr<runtime::ConnectorCall> call;
};

struct ClientSession {
    SessionId id;
    PrincipalId principal;
    VirtualServerName virtual_server;
    std::string protocol_version;
    std::string client; // "name/version" from clientInfo
    SteadyTime last_used;
    // Calls in flight by the client's raw request id, so that notifications/cancelled finds them.
    // Some clients use one id for all their requests, so an id may stand here several times.
    std::multimap<std::string, CallInFlight, std::less<>> calls;
};

class ClientSessions {
  public:
    // A session idle for idle_max is forgotten when room is needed; below it, it is never pushed
    // out.
    ClientSessions(const Clock& clock, std::size_t max_count, std::chrono::milliseconds idle_max);

    // Null if all places are taken by sessions used within idle_max.
    std::shared_ptr<ClientSession> create(const PrincipalId& principal,
                                          const VirtualServerName& virtual_server);
    // Null for an unknown id and for another principal's or another virtual server's session alike.
    std::shared_ptr<ClientSession> find(std::string_view id, const PrincipalId& principal,
                                        const VirtualServerName& virtual_server);
    void remove(const SessionId& id);
    std::size_t count() const { return sessions_.size(); }

  private:
    using Order = std::list<std::shared_ptr<ClientSession>>; // least recently used first
    const Clock& clock_;
    std::size_t max_count_;
    std::chrono::milliseconds idle_max_;
    Order order_;
    std::unordered_map<std::string, Order::iterator> sessions_;
};

} // namespace gatehouse::gateway
