// The results of initialize (legacy) and server/discover (modern) for one virtual server. Pure.
#pragma once

#include "gateway/mcp/protocol.hpp"
#include "gateway/mcp/virtual_server.hpp"

#include <string>
#include <string_view>

namespace gatehouse::gateway {

// The revision a legacy session speaks: what the client asked for if we know it, else our newest; a
// client that asks initialize for 2026-07-28 gets the newest legacy one. `params` is raw, may be
// empty.
std::string negotiated_version(std::string_view initialize_params);

std::string initialize_result(const VirtualServer& server, const std::string& version,
                              const runtime::Caller& caller = runtime::Caller());
std::string discover_result(const VirtualServer& server,
                            const runtime::Caller& caller = runtime::Caller());

} // namespace gatehouse::gateway
