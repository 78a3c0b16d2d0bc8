// `_meta` of what goes to a connector: what a modern request says of its caller, and how members
// get into raw params without rebuilding them. Pure; used by the sessions of both transports.
#pragma once

#include "runtime/connector_call.hpp"

#include <string>
#include <string_view>

namespace gatehouse::runtime {

constexpr std::string_view modern_protocol_version = "2026-07-28";

namespace meta_keys {
constexpr std::string_view protocol_version = "io.modelcontextprotocol/protocolVersion";
constexpr std::string_view client_info = "io.modelcontextprotocol/clientInfo";
constexpr std::string_view client_capabilities = "io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view log_level = "io.modelcontextprotocol/logLevel";
constexpr std::string_view server_info = "io.modelcontextprotocol/serverInfo";
constexpr std::string_view subscription_id = "io.modelcontextprotocol/subscriptionId";
} // namespace meta_keys

// The gateway's own name and version as raw JSON.
std::string gateway_client_info();

// Appends the members (no braces, no comma at the end) that a modern request carries in `_meta`:
// the version, the caller's name and capabilities, and the log level if the call wants logs.
void append_modern_meta(const ConnectorCall& call, std::string& out);

// Appends `params` (a valid raw object, or empty for none) with `members` in its `_meta`. Members
// of the same names that were in it go out; all other bytes stay as they are.
void append_params_with_meta(std::string_view params, std::string_view members, std::string& out);

// `params` without this member of its `_meta`, and without a `_meta` that is empty then.
std::string without_meta_member(std::string_view params, std::string_view key);

} // namespace gatehouse::runtime
