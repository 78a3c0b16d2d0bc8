// AdminApi: /api/v1 on the admin unix socket, JSON in and out, problem details (RFC 9457) for
// refusals. The peer is root or the daemon's own user (the listener checks); every change is
// written to the journal before it is done, with the peer's uid, and refused if the journal cannot
// take it.
#pragma once

#include "gateway/admin/admin_json.hpp"
#include "gateway/admin/admin_query.hpp"
#include "gateway/admin/admin_route.hpp"
#include "gateway/admin/connector_control.hpp"
#include "gateway/admin/follow.hpp"
#include "gateway/admin/reloader.hpp"
#include "gateway/admin/tool_caller.hpp"
#include "gateway/auth/agents.hpp"
#include "gateway/credentials/vault.hpp"
#include "gateway/http/server.hpp"
#include "gateway/journal/journal.hpp"
#include "runtime/base/clock.hpp"

#include <functional>
#include <optional>
#include <string>

namespace gatehouse::gateway {

// The parts of the daemon the API acts on; all outlive it.
struct AdminParts {
    ConnectorControl& connectors;
    AgentRegistry& agents;
    Vault& vault;
    Journal& journal;
    const Clock& clock;
    Reloader* reloader = nullptr;      // null: GH-N501
    ToolCaller* tool_caller = nullptr; // null: GH-N501
    // Called after an agent was removed, for what it still has open; may be empty.
    std::function<void(const PrincipalId& agent)> on_agent_removed = nullptr;
};

class AdminApi final : public HttpHandler {
  public:
    AdminApi(Executor executor, AdminParts parts, DaemonFacts facts);
    ~AdminApi() override;

    std::optional<HttpReply> check_head(const HttpRequest& head) override;
    Task<void> handle(HttpRequest request, HttpResponder& responder) override;
    // What `gatehouse status` says of the daemon; a reload changes it.
    DaemonFacts& facts() { return facts_; }
    // Ends the running followers, so that the listener can drain. Idempotent.
    void stop();

  private:
    Task<HttpReply> answer(AdminRoute route, HttpRequest request);
    Task<HttpReply> change(AdminRoute route, HttpRequest request);
    HttpReply read(const AdminRoute& route) const;
    HttpReply read_connector(const AdminRoute& route) const;
    // A followed log or the followed events; false: not asked for, or nothing to follow.
    Task<bool> followed(const AdminRoute& route, const HttpRequest& request,
                        HttpResponder& responder);
    Task<HttpReply> logs(std::string name, std::string target);
    // The query of a log, checked, with the time of its revision. GH-N400, GH-C532, GH-N404.
    Result<LogQuery> log_query(const std::string& name, const std::string& target) const;
    HttpReply events(const std::string& target) const;

    Task<HttpReply> change_connector(AdminRoute route, std::string peer);
    Task<HttpReply> reload(std::string peer);
    Task<HttpReply> call_tool(std::string connector, HttpRequest request);
    Task<HttpReply> create_agent(HttpRequest request);
    Task<HttpReply> remove_agent(std::string name, std::string peer);
    Task<HttpReply> set_secret(std::string name, HttpRequest request);
    Task<HttpReply> remove_secret(std::string name, std::string peer);

    // GH-N404 of an unknown connector.
    Result<runtime::ConnectorLog*> log_of(const std::string& name) const;
    // What the journal says of a change, without its outcome.
    static JournalRecord admin_record(std::string peer, std::string action, std::string target);
    // Written before the change; an error means the change must not happen.
    Task<Result<std::uint64_t>> announce(std::string peer, std::string action, std::string target);
    // A change that was announced and then failed.
    void record_failure(const JournalRecord& announced, const Error& error);

    AdminParts parts_;
    DaemonFacts facts_;
    FollowGroup follows_;
};

} // namespace gatehouse::gateway
