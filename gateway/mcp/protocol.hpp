// Names and codes of MCP that the gateway speaks towards clients. Sources: MCP 2024-11-05 to
// 2025-11-25 (legacy, with sessions) and 2026-07-28 (modern, stateless). Pure.
#pragma once

#include "runtime/catalogue.hpp"

#include <array>
#include <string_view>

namespace gatehouse::gateway {

using runtime::Era;

constexpr std::string_view modern_version = "2026-07-28";
constexpr std::string_view newest_legacy_version = "2025-11-25";
constexpr std::array<std::string_view, 4> legacy_versions{"2025-11-25", "2025-06-18", "2025-03-26",
                                                          "2024-11-05"};
// The requests of the modern era; all others do not exist there.
constexpr std::array<std::string_view, 13> modern_methods{
    "tools/call",    "tools/list",     "server/discover",          "prompts/list",
    "prompts/get",   "resources/list", "resources/templates/list", "resources/read",
    "tasks/get",     "tasks/update",   "tasks/cancel",             "completion/complete",
    "subscriptions/listen"};
// From the most to the least verbose (RFC 5424).
constexpr std::array<std::string_view, 8> log_levels{"debug", "info",     "notice", "warning",
                                                     "error", "critical", "alert",  "emergency"};

constexpr std::string_view meta_protocol_version = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view meta_client_info = "io.modelcontextprotocol/clientInfo";
constexpr std::string_view meta_client_capabilities = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view meta_log_level = "io.modelcontextprotocol/logLevel";
constexpr std::string_view meta_subscription_id = "io.modelcontextprotocol/subscriptionId";
constexpr std::string_view meta_server_info = "io.modelcontextprotocol/serverInfo";
constexpr std::string_view meta_protocol_prefix = "io.modelcontextprotocol/";

// JSON-RPC 2.0 section 5.1 and the codes MCP adds.
constexpr int rpc_parse_error = -32700;
constexpr int rpc_invalid_request = -32600;
constexpr int rpc_method_not_found = -32601;
constexpr int rpc_invalid_params = -32602;
constexpr int rpc_connector_failed = -32000;    // data.code holds the GH- cause
constexpr int rpc_header_mismatch = -32020;     // MCP 2026-07-28, transports
constexpr int rpc_unsupported_version = -32022; // MCP 2026-07-28, versioning

} // namespace gatehouse::gateway
