// Builds JSON-RPC answers as HTTP replies. Large results are spliced: the connector's frame is
// moved into the reply and only a span of it is sent. Pure.
#pragma once

#include "gateway/http/problem.hpp"
#include "gateway/http/server.hpp"
#include "gateway/mcp/protocol.hpp"
#include "runtime/base/error.hpp"
#include "runtime/connector_directory.hpp"

#include <string>
#include <string_view>

namespace gatehouse::gateway {

// A refusal in the protocol's own terms. `data` is raw JSON or empty.
struct McpRefusal {
    int http_status = 200;
    int code = rpc_invalid_request;
    std::string message;
    std::string data;
};

// `id` is the raw id of the request, or "null" where none could be read.
HttpReply refusal_reply(std::string_view id, const McpRefusal& refusal);
HttpReply result_reply(std::string_view id, std::string result_json);
// result with isError true and one text block that starts with the cause code.
HttpReply tool_error_reply(std::string_view id, Era era, const Error& error);
// The connector's own answer, spliced.
HttpReply connector_reply(std::string_view id, Era era, runtime::CallReply reply);
HttpReply empty_reply(int http_status);

// Replaces raw line ends, which in valid JSON are white space between tokens, by spaces: they would
// end a line of an SSE event.
void flatten_for_sse(std::string& json);
// Turns a complete reply into one SSE event without copying it; its own head is dropped.
HttpReply as_sse_event(HttpReply reply);

} // namespace gatehouse::gateway
