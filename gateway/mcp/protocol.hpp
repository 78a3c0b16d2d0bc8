// Names and codes of MCP that the gateway speaks towards clients. Sources: MCP 2024-11-05 to
// 2025-11-25 (legacy, with sessions) and 2026-07-28 (modern, stateless). Pure.
#pragma once

#include "runtime/catalogue.hpp"
#include "runtime/session/log_level.hpp"
#include "runtime/session/request_meta.hpp"

#include <array>
#include <string_view>

namespace gatehouse::gateway {

using runtime::Era;
using runtime::log_levels;

constexpr std::string_view modern_version = runtime::modern_protocol_version;
constexpr std::string_view newest_legacy_version = "2025-11-25";
constexpr std::array<std::string_view, 4> legacy_versions{"2025-11-25", "2025-06-18", "2025-03-26",
                                                          "2024-11-05"};
// The requests of the modern era; all others do not exist there.
constexpr std::array<std::string_view, 13> modern_methods{"tools/call",
                                                          "tools/list",
                                                          "server/discover",
                                                          "prompts/list",
                                                          "prompts/get",
                                                          "resources/list",
                                                          "resources/templates/list",
                                                          "resources/read",
                                                          "tasks/get",
                                                          "tasks/update",
                                                          "tasks/cancel",
                                                          "completion/complete",
                                                          "subscriptions/listen"};

constexpr std::string_view meta_protocol_version = runtime::meta_keys::protocol_version;
constexpr std::string_view meta_client_info = runtime::meta_keys::client_info;
constexpr std::string_view meta_client_capabilities = runtime::meta_keys::client_capabilities;
constexpr std::string_view meta_log_level = runtime::meta_keys::log_level;
constexpr std::string_view meta_subscription_id = runtime::meta_keys::subscription_id;
constexpr std::string_view meta_server_info = runtime::meta_keys::server_info;
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
