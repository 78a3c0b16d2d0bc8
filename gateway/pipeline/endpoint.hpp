// McpEndpoint: POST /v/<virtual server>/mcp for clients of both eras (MCP 2025-06-18, 2025-11-25
// with sessions; 2026-07-28 stateless). Admission first, then decoding, then the method. One event
// loop.
#pragma once

#include "gateway/mcp/client_sessions.hpp"
#include "gateway/pipeline/admission.hpp"
#include "gateway/pipeline/calls.hpp"

#include <memory>
#include <string>
#include <vector>

namespace gatehouse::gateway {

class McpEndpoint final : public HttpHandler {
  public:
    McpEndpoint(Executor executor, const GatewayConfig& config, const AgentRegistry& agents,
                CallServices services);

    std::optional<HttpReply> check_head(const HttpRequest& head) override;
    Task<void> handle(HttpRequest request, HttpResponder& responder) override;
    // Completes when no call runs any more; called after the server has stopped.
    Task<void> join();
    std::size_t session_count() const { return sessions_.count(); }

  private:
    struct Refused {
        int http_status = 400;
        Error error;
    };
    std::variant<RoutedRequest, Refused> admit(const HttpRequest& request) const;
    std::optional<HttpReply> admit_and_decode(Exchange& exchange);
    HttpReply refused_reply(const Refused& refused) const;
    void record_refusal(const HttpRequest& request, const Refused& refused);

    Task<void> answer_modern(std::shared_ptr<const Exchange> exchange, HttpResponder& responder);
    Task<void> answer_legacy(std::shared_ptr<const Exchange> exchange, HttpResponder& responder);
    Task<void> answer_discover(std::shared_ptr<const Exchange> exchange, HttpResponder& responder);
    Task<void> answer_initialize(std::shared_ptr<const Exchange> exchange,
                                 HttpResponder& responder);
    Task<void> answer_tools_list(std::shared_ptr<const Exchange> exchange,
                                 HttpResponder& responder);
    HttpReply start_session(const Exchange& exchange);
    HttpReply end_session(const RoutedRequest& request);
    Task<std::string> tools_result(const RoutedRequest& request, Era era);
    void cancel_call(const ClientSession& session, std::string_view params);

    const Clock& clock_;
    const Policy& policy_;
    Journal& journal_;
    VirtualServers servers_;
    HostCheck host_check_;
    Authenticate authenticate_;
    Route route_;
    ClientSessions sessions_;
    SteadyTime refusal_window_{};
    int refusals_in_window_ = 0;
    Calls calls_;
};

} // namespace gatehouse::gateway
