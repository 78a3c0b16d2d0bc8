// Builds the gateway's own JSON-RPC answers as HTTP replies. A connector's answers are spliced by
// transcode. Pure.
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

// The beginning of an answer, up to the value of `member`: `,"result":` or `,"error":`.
std::string reply_start(std::string_view id, std::string_view member);
// `id` is the raw id of the request, or "null" where none could be read.
HttpReply refusal_reply(std::string_view id, const McpRefusal& refusal);
HttpReply result_reply(std::string_view id, std::string result_json);
// result with isError true and one text block that starts with the cause code.
HttpReply tool_error_reply(std::string_view id, Era era, const Error& error);
// The JSON-RPC error for a call that got no answer of its connector: why, and whether it was sent.
HttpReply failure_reply(std::string_view id, const runtime::CallReply& reply);
HttpReply empty_reply(int http_status);

// Replaces raw line ends, which in valid JSON are white space between tokens, by spaces: they would
// end a line of an SSE event.
void flatten_for_sse(std::string& json);
// Turns a complete reply into one SSE event without copying it; its own head is dropped.
HttpReply as_sse_event(HttpReply reply);

} // namespace gatehouse::gateway
