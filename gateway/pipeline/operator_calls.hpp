// OperatorCalls: tool calls of the operator (`gatehouse call`), through the stages of every call:
// policy, schema, credential, journal. As an agent they go through a virtual server that the agent
// may use and that shows the tool; without one straight to the connector, and policy is asked about
// "operator:uid:N". One event loop.
#pragma once

#include "gateway/admin/tool_caller.hpp"
#include "gateway/auth/agents.hpp"
#include "gateway/pipeline/admission.hpp"
#include "gateway/pipeline/calls.hpp"
#include "runtime/connector_directory.hpp"

#include <memory>
#include <string>

namespace gatehouse::gateway {

// Lets an operator's request in, whom the admin socket knows by its uid. As an agent: only to a
// virtual server whose audience has it.
class OperatorRoute {
  public:
    // Error GH-N404: the agent does not belong to the audience.
    static Result<RoutedRequest> as_agent(const HttpRequest& http, Principal agent,
                                          std::shared_ptr<VirtualServer> server);
    // `server` is of the operator's own, for this request alone.
    static RoutedRequest as_operator(const HttpRequest& http,
                                     std::shared_ptr<VirtualServer> server);
};

class OperatorCalls final : public ToolCaller {
  public:
    // All outlive it.
    struct Parts {
        const AgentRegistry& agents;
        const VirtualServers& servers;
        runtime::ConnectorDirectory& directory;
        Calls& calls;
    };
    OperatorCalls(Executor executor, Parts parts) : executor_(executor), parts_(parts) {}

    Task<Result<ToolCallAnswer>> call(ToolCallRequest request) override;

  private:
    // A virtual server and the tool's name there.
    struct Way {
        std::shared_ptr<VirtualServer> server;
        std::string name;
    };
    Result<Way> way_of_agent(const ToolCallRequest& request, const Principal& agent) const;
    Result<std::shared_ptr<Exchange>> exchange_of(const ToolCallRequest& request) const;

    Executor executor_;
    Parts parts_;
};

} // namespace gatehouse::gateway
