// What a modern request over HTTP mirrors into headers (MCP 2026-07-28, Streamable HTTP, request
// metadata): `Mcp-Name`, and `Mcp-Param-…` for the tool parameters whose schema asks for it. Pure.
#pragma once

#include "runtime/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

// One annotated property of a tool's inputSchema.
struct ParamHeader {
    std::string name;              // "Mcp-Param-Region"
    std::vector<std::string> path; // property names from the arguments' root
};

// The annotations of a tool (its whole valid definition), none for most. Error GH-M403 with the
// reason in `why` if one of them breaks the rules; the tool must then not be offered at all.
Result<std::vector<ParamHeader>> read_param_headers(std::string_view tool_definition);

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// Appends a header for each annotated value that the arguments (valid raw JSON, or empty) hold.
void append_param_headers(const std::vector<ParamHeader>& wanted, std::string_view arguments,
                          HeaderList& out);

// The value as it is, or in base64 between =?base64? and ?= where a header cannot carry it as it
// is.
std::string header_value_of(std::string_view text);

// The member of params that `Mcp-Name` mirrors ("name", "uri", "taskId"); empty: none.
std::string_view named_member(std::string_view method);

} // namespace gatehouse::runtime
