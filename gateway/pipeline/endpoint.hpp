// McpEndpoint: /v/<virtual server>/mcp for clients of both eras (MCP 2024-11-05 to 2025-11-25 with
// sessions; 2026-07-28 stateless). Admission first, then decoding, then the method. What goes to a
// connector is handed to Calls. One event loop.
#pragma once

#include "gateway/mcp/client_facts.hpp"
#include "gateway/mcp/client_sessions.hpp"
#include "gateway/pipeline/admission.hpp"
#include "gateway/pipeline/batch.hpp"
#include "gateway/pipeline/calls.hpp"
#include "gateway/pipeline/notice_hub.hpp"
#include "gateway/pipeline/operator_calls.hpp"
#include "gateway/pipeline/subscriptions.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace gatehouse::gateway {

// Names, sorted.
struct VirtualServerChanges {
    std::vector<std::string> added, changed, removed;
    bool any() const { return !added.empty() || !changed.empty() || !removed.empty(); }
};

class McpEndpoint final : public HttpHandler {
  public:
    McpEndpoint(Executor executor, const GatewayConfig& config, const AgentRegistry& agents,
                CallServices services);

    std::optional<HttpReply> check_head(const HttpRequest& head) override;
    Task<void> handle(HttpRequest request, HttpResponder& responder) override;
    // The part of a new configuration that is about clients: hosts and virtual servers. Those that
    // are unchanged keep their sessions; a changed one goes on by its new configuration, its
    // clients are told that lists changed, and who left its audience loses its session; of a
    // removed one all sessions and subscriptions end.
    VirtualServerChanges reconfigure(const GatewayConfig& config);
    // Of an agent that was removed: its sessions with their calls, and its streams. What a later
    // agent of the same name opens is its own.
    void end_agent(const PrincipalId& agent);
    // To every client, after a change of policy.
    void tell_lists_changed();
    // Calls of the operator.
    ToolCaller& tool_caller() { return operator_calls_; }
    // For ConnectorDirectory::set_observer: what connectors say on their own.
    runtime::ConnectorObserver& observer() { return notices_; }
    // Ends, politely, the streams that end only with their client. Idempotent.
    void stop();
    // Completes when no call runs any more; called after the server has stopped.
    Task<void> join();
    std::size_t session_count() const { return sessions_.count(); }
    // Responses of clients to nothing that was asked.
    std::uint64_t stray_response_count() const { return stray_responses_; }

  private:
    struct Refused {
        int http_status = 400;
        Error error;
    };
    using SharedExchange = std::shared_ptr<Exchange>;
    using SharedSession = std::shared_ptr<ClientSession>;

    // Admission and decoding (endpoint.cpp).
    std::variant<RoutedRequest, Refused> admit(const HttpRequest& request) const;
    std::optional<HttpReply> admit_and_decode(Exchange& exchange);
    HttpReply refused_reply(const Refused& refused) const;
    void record_refusal(const HttpRequest& request, const Refused& refused);

    // What both eras have (endpoint.cpp).
    Task<void> answer_modern(SharedExchange exchange, HttpResponder& responder);
    Task<void> answer_discover(SharedExchange exchange, HttpResponder& responder);
    Task<void> answer_list(SharedExchange exchange, runtime::ListKind kind,
                           HttpResponder& responder);

    // Sessions (endpoint_sessions.cpp).
    std::variant<SharedSession, McpRefusal> session_of(const RoutedRequest& request);
    Task<void> answer_legacy(SharedExchange exchange, HttpResponder& responder);
    Task<void> answer_request(SharedExchange exchange, SharedSession session,
                              HttpResponder& responder);
    Task<void> answer_initialize(SharedExchange exchange, HttpResponder& responder);
    Task<void> answer_get(const RoutedRequest& request, HttpResponder& responder);
    Task<void> answer_batch(SharedExchange exchange, HttpResponder& responder);
    SharedExchange take_part(const Exchange& whole, std::string_view text, const SharedSession& to,
                             BatchOutput& output);
    static Task<void> run_part(McpEndpoint& self, SharedExchange part, SharedSession session,
                               std::shared_ptr<BatchOutput> output);
    HttpReply start_session(const Exchange& exchange);
    HttpReply end_session(const RoutedRequest& request);
    void accept_notification(ClientSession& session, const McpMessage& message);
    HttpReply set_log_level(ClientSession& session, const McpMessage& message);
    void on_session_end(ClientSession& session);

    // A new configuration (endpoint_reload.cpp).
    void end_clients_of(const VirtualServer& server);
    void end_strangers_of(const VirtualServer& server);

    Executor executor_;
    const Clock& clock_;
    const Policy& policy_;
    Journal& journal_;
    runtime::ConnectorDirectory& directory_;
    VirtualServers servers_;
    HostCheck host_check_;
    Authenticate authenticate_;
    Route route_;
    KnownClients known_clients_;
    ClientSessions sessions_;
    SteadyTime refusal_window_{};
    int refusals_in_window_ = 0;
    std::uint64_t stray_responses_ = 0;
    Calls calls_;
    Subscriptions subscriptions_;
    NoticeHub notices_;
    OperatorCalls operator_calls_;
    TaskGroup batch_parts_;
};

} // namespace gatehouse::gateway
