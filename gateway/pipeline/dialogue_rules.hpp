// What connectors may ask of a client, and under which key: the capability each question needs, and
// the words for a client or a connector where it is missing. Pure.
#pragma once

#include "gateway/mcp/messages.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

struct MissingCapability {
    std::string required;        // raw JSON for data.requiredCapabilities: {"sampling":{}}
    std::string name;            // "sampling", "elicitation.url", …
    std::string connector_error; // raw JSON error for the connector that asked
};

// Empty: the client declared what this question needs. `capabilities` is the client's raw JSON.
// Elicitation without any mode declares forms (MCP 2025-11-25, elicitation). An includeContext the
// client did not declare is let through: clients of 2025-06-18 cannot declare it, and others may
// ignore it.
std::optional<MissingCapability>
missing_capability(std::string_view method, std::string_view params, std::string_view capabilities);

// Why the `inputRequests` (raw) of a modern connector may not reach this client.
struct InputProblem {
    std::optional<MissingCapability> missing; // empty: the connector's own fault
    std::string fault;                        // what is wrong with them
};
// Empty: the client may have them. MCP 2026-07-28, multi round-trip requests: only these three
// methods, and nothing the client did not declare.
std::optional<InputProblem> input_problem(std::string_view requests, std::string_view capabilities);

// The key of a legacy connector's question in `inputRequests`. Such a question has no name; where
// an elicitation asks for exactly one property, its name says most, else "input_<number>".
std::string input_key(std::string_view method, std::string_view params, std::size_t number);

// Whether the client of a modern request opted in to an extension.
bool declares_extension(std::string_view capabilities, std::string_view extension);
// What a client is told that did not.
McpRefusal missing_extension(std::string_view extension);

} // namespace gatehouse::gateway
