// ClientSessions: the legacy MCP sessions of clients (Mcp-Session-Id). A session belongs to one
// principal and one virtual server and is never a proof of identity. Bounded; idle ones make room
// for new ones.
#pragma once

#include "gateway/mcp/message_stream.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/connector_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gatehouse::gateway {

struct CallInFlight {
    CallId id;
    std::weak_ptr<runtime::ConnectorCall> call;
};

// The client's answer to a request of ours: its raw result, or its raw error if the result is
// empty. Called once; with an error also when the session ends first.
using ClientAnswer = std::function<void(std::string result, std::string error)>;

class ClientSession {
  public:
    SessionId id;
    PrincipalId principal;
    VirtualServerName virtual_server;
    std::string protocol_version;
    std::string client;    // "name/version" from clientInfo
    std::string log_level; // of logging/setLevel; empty: never set
    // Capabilities and name from `initialize`; the same object for every call of the session.
    std::shared_ptr<const runtime::Caller> caller;
    SteadyTime last_used;
    // Calls in flight by the client's raw request id, so that notifications/cancelled finds them.
    // Some clients use one id for all their requests, so an id may stand here several times.
    std::multimap<std::string, CallInFlight, std::less<>> calls;
    // Resources it subscribed to: (connector, the connector's own URI).
    std::set<std::pair<std::string, std::string>> watched;
    // notifications/initialized came: nothing is sent on the gateway's own account before it.
    bool initialized = false;
    // What the streams of all sessions keep together; null: not counted.
    std::shared_ptr<std::size_t> kept_total_bytes;

    // Whether its revision has priming events and `retry` (2025-11-25), batches (2025-03-26).
    bool has_priming() const { return protocol_version >= "2025-11-25"; }
    bool has_batches() const { return protocol_version == "2025-03-26"; }

    // --- Streams (client_session_streams.cpp). At most 32 are kept; ended and delivered ones go
    // first.
    // A stream for the answer to one POST; known by its event ids until it is forgotten.
    std::shared_ptr<MessageStream> open_stream(Executor executor);
    // The standalone stream of GET; made at first need, so that what comes before GET waits there.
    std::shared_ptr<MessageStream> standalone(Executor executor);
    // Ends the standalone stream; what comes later waits on a new one.
    void close_standalone();
    // A call is in flight, or a client listens: not idle, whenever it last sent something.
    bool busy() const { return !calls.empty() || (standalone_ && standalone_->attached()); }
    struct Resumption {
        std::shared_ptr<MessageStream> stream; // null: unknown or forgotten
        std::uint64_t after = 0;
    };
    Resumption resume(std::string_view last_event_id) const;

    // --- Requests to the client (client_session_requests.cpp).
    // Sends one on the stream, with an id of this session's own; returns that id, 0 if there is no
    // room (then `on_answer` is not called). Bounded to 64 open ones.
    std::uint64_t ask(MessageStream& stream, std::string_view method, std::string_view params,
                      ClientAnswer on_answer);
    // Takes a request back: the client gets notifications/cancelled on the stream.
    void withdraw(MessageStream& stream, std::uint64_t request_id);
    // A response of the client's; false if it answers nothing asked.
    bool settle(std::string_view raw_id, std::string_view result, std::string_view error);
    // The session ends: every open request is answered with an error, every stream closed.
    void close();
    bool closed() const { return closed_; }

  private:
    MessageStreamOptions stream_options(std::uint64_t number) const;
    void forget_old_streams();
    void close_streams();

    bool closed_ = false;
    std::uint64_t last_stream_ = 0;
    std::uint64_t last_request_ = 0;
    std::shared_ptr<MessageStream> standalone_;
    std::map<std::uint64_t, std::shared_ptr<MessageStream>> streams_;
    std::map<std::uint64_t, ClientAnswer> open_requests_;
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
    // Without touching its age; null if unknown. For what connectors send.
    std::shared_ptr<ClientSession> peek(std::string_view id) const;
    // All sessions, for what concerns every client.
    void each(const std::function<void(ClientSession&)>& visit) const;
    void remove(const SessionId& id);
    // Called with each session that ends, whoever ends it.
    void set_end_handler(std::function<void(ClientSession&)> handler);
    std::size_t count() const { return sessions_.size(); }

  private:
    using Order = std::list<std::shared_ptr<ClientSession>>; // least recently used first
    void spare_busy_ones(SteadyTime now);
    const Clock& clock_;
    std::size_t max_count_;
    std::chrono::milliseconds idle_max_;
    std::function<void(ClientSession&)> on_end_;
    std::shared_ptr<std::size_t> kept_total_bytes_ = std::make_shared<std::size_t>(0);
    Order order_;
    std::unordered_map<std::string, Order::iterator> sessions_;
};

} // namespace gatehouse::gateway
