// ToolCaller: one tool call for an operator, through the pipeline that every call takes (policy,
// credential, journal). The pipeline implements it; the admin API asks for it.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"

#include <string>

namespace gatehouse::gateway {

struct ToolCallRequest {
    std::string connector;
    std::string tool;             // as the connector names it, without a prefix
    std::string arguments = "{}"; // raw JSON object
    std::string as_agent;         // run as this agent, by the policy that holds for it; empty: as
                                  // the operator, past the virtual servers
    std::string peer;             // who asks, for the journal: "uid:0"
};

struct ToolCallAnswer {
    std::string result; // raw JSON of the CallToolResult, also one with isError
    CallId call;        // the journal's and the log's; 0: unknown
    InstanceId instance;
};

class ToolCaller {
  public:
    virtual ~ToolCaller() = default;
    // Starts the connector if it sleeps. Errors: GH-N404 no such connector, tool or agent; GH-Z…
    // refused by policy; the connector's JSON-RPC error as GH-M420 with its text in `why`; else the
    // cause code of the failure. Both the call and its end are journalled.
    virtual Task<Result<ToolCallAnswer>> call(ToolCallRequest request) = 0;
};

} // namespace gatehouse::gateway
