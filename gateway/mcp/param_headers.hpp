// Mcp-Param-<Name>: headers that mirror tool arguments whose schema property carries `x-mcp-header`
// (MCP 2026-07-28, transports). Policy never decides on them; they must only agree with the body.
// Pure.
#pragma once

#include "gateway/http/server.hpp"
#include "gateway/mcp/messages.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

struct ParamHeader {
    std::string header;  // "Mcp-Param-Region"
    std::string pointer; // JSON Pointer into the arguments
};

// The declarations of a tool's inputSchema, reached through chains of `properties` only.
std::vector<ParamHeader> find_param_headers(std::string_view input_schema);

// Empty: all agree. The header is there exactly if the value is (null counts as absent).
std::optional<McpRefusal> check_param_headers(const HttpRequest& request,
                                              const std::vector<ParamHeader>& declared,
                                              std::string_view arguments);

} // namespace gatehouse::gateway
