// Decodes one authenticated POST into an MCP message of the era it belongs to, with every check of
// mcp.md section 2 that needs no tool schema. Pure.
#pragma once

#include "gateway/http/server.hpp"
#include "gateway/mcp/messages.hpp"
#include "gateway/mcp/protocol.hpp"
#include "runtime/session/envelope.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace gatehouse::gateway {

// Views point into the body of the request it was decoded from, which must outlive it.
struct McpMessage {
    Era era = Era::legacy;
    runtime::Envelope envelope;
    std::string_view meta; // params._meta, raw; empty if absent
    // What the client says of itself, in `_meta` or in initialize; raw, empty if absent.
    std::string_view client_capabilities;
    std::string_view client_info;
    // "name/version" for the journal; set by who admits the request, lives with its Caller.
    std::string_view client;
    std::string_view protocol_version; // legacy: of the header, a known one; empty if absent
    std::string_view log_level;        // modern `_meta`: "info"; empty if absent
    std::string_view progress_token;   // raw; empty if none

    bool has_id() const { return !envelope.id.empty(); }
    // The id to answer with; "null" for messages without one.
    std::string_view reply_id() const { return has_id() ? envelope.id : "null"; }
};

struct DecodeRefusal {
    std::string id; // raw id to echo, "null" if it could not be read
    McpRefusal refusal;
};

// HTTP-level checks of a POST: content type, Accept. Empty optional: fine.
std::optional<HttpReply> check_post_headers(const HttpRequest& request);
// The same for a GET: it must accept text/event-stream.
std::optional<HttpReply> check_get_headers(const HttpRequest& request);
// Whether the body is a JSON array: a batch, which decode_message refuses.
bool is_batch(std::string_view body);
// The session's header MCP-Protocol-Version against what the session negotiated; where it is
// absent, that is what counts. Empty optional: fine.
std::optional<McpRefusal> check_session_version(const HttpRequest& request,
                                                std::string_view negotiated);

std::variant<McpMessage, DecodeRefusal> decode_message(const HttpRequest& request);

// Mcp-Name and Mcp-Param-* values: plain, or =?base64?…?= around UTF-8. Empty optional: bad base64.
std::optional<std::string> decode_header_value(std::string_view value);

} // namespace gatehouse::gateway
