// What the endpoint's units share about methods. Pure.
#pragma once

#include "gateway/mcp/decode.hpp"
#include "gateway/mcp/messages.hpp"

#include <optional>
#include <string_view>

namespace gatehouse::gateway {

// The list that a method reads; empty for every other method.
std::optional<runtime::ListKind> list_kind(std::string_view method);
// The answer to a method that does not exist for this client: 404 in the modern era.
HttpReply method_not_found(const McpMessage& message);

} // namespace gatehouse::gateway
