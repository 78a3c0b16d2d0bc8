// The stages of one request as types: the type of a stage is the input of the next, and only its
// own stage can make it. What was not authenticated, decided and journalled cannot be dispatched:
// it does not compile.
//
//   CheckedRequest → AuthenticatedRequest → RoutedRequest → McpCall → AuthorizedCall →
//   CredentialedCall → JournaledCall → reply
#pragma once

#include "gateway/auth/principal.hpp"
#include "gateway/http/server.hpp"
#include "gateway/mcp/client_sessions.hpp"
#include "gateway/mcp/decode.hpp"
#include "gateway/mcp/virtual_server.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

// Host and Origin are allowed. Made by HostCheck.
class CheckedRequest {
  public:
    const HttpRequest& http() const { return *http_; }

  private:
    friend class HostCheck;
    explicit CheckedRequest(const HttpRequest& http) : http_(&http) {}
    const HttpRequest* http_;
};

// Who asks is known. Made by Authenticate.
class AuthenticatedRequest {
  public:
    const HttpRequest& http() const { return *http_; }
    const Principal& principal() const { return principal_; }

  private:
    friend class Authenticate;
    AuthenticatedRequest(const CheckedRequest& checked, Principal principal)
        : http_(&checked.http()), principal_(std::move(principal)) {}
    const HttpRequest* http_;
    Principal principal_;
};

// The virtual server exists and the principal belongs to its audience. Made by Route; for an
// operator, whom the admin socket has let in, by OperatorRoute.
class RoutedRequest {
  public:
    const HttpRequest& http() const { return *http_; }
    const Principal& principal() const { return principal_; }
    VirtualServer& server() const { return *server_; }

  private:
    friend class Route;
    friend class OperatorRoute;
    RoutedRequest(AuthenticatedRequest request, std::shared_ptr<VirtualServer> server)
        : RoutedRequest(request.http(), request.principal(), std::move(server)) {}
    RoutedRequest(const HttpRequest& http, Principal principal,
                  std::shared_ptr<VirtualServer> server)
        : http_(&http), principal_(std::move(principal)), server_(std::move(server)) {}
    const HttpRequest* http_;
    Principal principal_;
    std::shared_ptr<VirtualServer> server_; // a reload may remove it meanwhile
};

// One HTTP request and what became of it so far. Shared by all that work on it, so that a call may
// outlive the connection it came on. `routed` and `message` point into `http`.
struct Exchange {
    HttpRequest http;
    std::optional<RoutedRequest> routed;
    McpMessage message;
    // Who asks, as connectors may know it: of the session, or of a modern request's `_meta`. Set
    // before the exchange is handed on.
    std::shared_ptr<const runtime::Caller> caller;
};

// Bytes of a request that count against a common budget for as long as this lives.
class HeldBytes {
  public:
    HeldBytes() = default;
    HeldBytes(std::shared_ptr<std::uint64_t> total, std::uint64_t bytes)
        : total_(std::move(total)), bytes_(bytes) {
        *total_ += bytes_;
    }
    ~HeldBytes() {
        if (total_ != nullptr) {
            *total_ -= bytes_;
        }
    }
    HeldBytes(HeldBytes&& other) noexcept = default;
    HeldBytes& operator=(HeldBytes&& other) noexcept {
        std::swap(total_, other.total_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    HeldBytes(const HeldBytes&) = delete;
    HeldBytes& operator=(const HeldBytes&) = delete;

  private:
    std::shared_ptr<std::uint64_t> total_;
    std::uint64_t bytes_ = 0;
};

// What a call is aimed at, and how policy sees it.
enum class TargetKind { tool, prompt, resource, task };

// A request to a connector as decoded: nothing is decided yet.
struct McpCall {
    std::shared_ptr<const Exchange> exchange;
    std::string_view method = "tools/call"; // towards the connector; of the message, or a literal
    TargetKind kind = TargetKind::tool;
    std::string name;                         // tool, prompt, URI or task id as the client wrote it
    std::shared_ptr<ClientSession> session;   // null in the modern era
    std::shared_ptr<const ServedTools> tools; // the generation `tool` lives in
    const ServedTool* tool = nullptr;         // null: unknown, or no tool is meant
    std::optional<ServedTarget> target;       // of a prompt, resource or task; empty: unknown
    std::vector<UnlearnedConnector> unlearned; // of an unknown one: whose it may be
    std::string_view arguments;                // raw JSON object; empty if absent
    std::string completion_ref;                // raw params.ref as the connector knows it
    std::string cursor;                        // raw literal, of the connector's own; may be empty
    std::string task_tool;                     // the connector's tool that made the task
    bool as_task = false;                      // the client asks for a task of 2025-11-25
    std::string_view input_responses;          // raw; empty if absent
    std::string_view request_state;            // raw literal; empty if absent
    CallId id;
    HeldBytes held; // the body, until the call has ended

    const RoutedRequest& request() const { return *exchange->routed; }
    const McpMessage& message() const { return exchange->message; }
    bool known() const { return tool != nullptr || target.has_value(); }
    // Of a known one.
    const ConnectorName& connector() const {
        return tool != nullptr ? tool->exposed->connector : target->connector;
    }
    const runtime::Caller& caller() const;
    // The same request once more, as a call of its own.
    std::shared_ptr<McpCall> again(CallId next) const;
};

// The stages pass one call on; its parts never change.
using SharedCall = std::shared_ptr<const McpCall>;

// Policy allows it, its arguments fit the tool's schema. Made by Authorize.
class AuthorizedCall {
  public:
    const McpCall& call() const { return *call_; }
    std::string_view rule() const { return rule_; }

  private:
    friend class Authorize;
    AuthorizedCall(SharedCall call, std::string_view rule) : call_(std::move(call)), rule_(rule) {}
    SharedCall call_;
    std::string_view rule_; // lives with the Policy
};

// Every credential the connector needs is there. Made by AttachCredential.
class CredentialedCall {
  public:
    const McpCall& call() const { return call_.call(); }
    std::string_view rule() const { return call_.rule(); }
    const std::string& credential() const { return credential_; } // "name@version,…"

  private:
    friend class AttachCredential;
    CredentialedCall(AuthorizedCall call, std::string credential)
        : call_(std::move(call)), credential_(std::move(credential)) {}
    AuthorizedCall call_;
    std::string credential_;
};

// The intent stands in the journal. Made by RecordIntent; the only thing that can be dispatched.
class JournaledCall {
  public:
    const McpCall& call() const { return call_.call(); }
    const CredentialedCall& credentialed() const { return call_; }

  private:
    friend class RecordIntent;
    explicit JournaledCall(CredentialedCall call) : call_(std::move(call)) {}
    CredentialedCall call_;
};

} // namespace gatehouse::gateway
