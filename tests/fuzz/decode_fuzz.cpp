// Whatever a client posts, decode_message gives a message of one era whose parts lie in the body,
// or a refusal with an id that is JSON; a modern message has passed its header checks. The first
// line of the input is "version|method|name" for the headers, the rest is the body.
#include "gateway/mcp/client_facts.hpp"
#include "gateway/mcp/decode.hpp"
#include "gateway/mcp/messages.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <cstdint>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

void add_header(HttpRequest& request, const char* name, std::string_view& rest) {
    const auto end = std::min(rest.find('|'), rest.size());
    if (end > 0) {
        request.headers.emplace_back(name, rest.substr(0, end));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
}

HttpRequest request_of(std::string_view input) {
    HttpRequest request;
    request.method = "POST";
    const auto line_end = std::min(input.find('\n'), input.size());
    std::string_view first = input.substr(0, line_end);
    add_header(request, "MCP-Protocol-Version", first);
    add_header(request, "Mcp-Method", first);
    add_header(request, "Mcp-Name", first);
    request.body = input.substr(std::min(line_end + 1, input.size()));
    return request;
}

void check_inside(std::string_view body, std::string_view part) {
    if (!part.empty()) {
        GH_ASSERT(part.data() >= body.data());
        GH_ASSERT(part.data() + part.size() <= body.data() + body.size());
        GH_ASSERT(runtime::validate_json(part));
    }
}

void check_reply(const HttpReply& reply) {
    const std::string text = reply.body_prefix +
                             reply.body.substr(reply.body_offset, reply.body_length) +
                             reply.body_suffix;
    GH_ASSERT(runtime::validate_json(text));
    HttpReply event = as_sse_event(reply);
    GH_ASSERT(event.body.find_first_of("\r\n") == std::string::npos);
}

void check_message(const HttpRequest& request, const McpMessage& message) {
    for (const auto part : {message.meta, message.client_capabilities, message.client_info,
                            message.progress_token, message.envelope.params}) {
        check_inside(request.body, part);
    }
    if (message.era == Era::modern && message.envelope.kind == runtime::MessageKind::request) {
        GH_ASSERT(request.header("MCP-Protocol-Version").has_value());
        GH_ASSERT(std::find(modern_methods.begin(), modern_methods.end(),
                            message.envelope.method) != modern_methods.end());
    }
    GH_ASSERT(message.era == Era::legacy ||
              message.envelope.kind != runtime::MessageKind::response);
    const auto client =
        describe_client(PrincipalId("agent:f"), message.client_capabilities, message.client_info);
    GH_ASSERT(runtime::validate_json(client.capabilities));
    GH_ASSERT(client.text.size() <= 128);
    check_reply(result_reply(message.reply_id(), "{}"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const HttpRequest request = request_of(input);
    const auto decoded = decode_message(request);
    if (const auto* refusal = std::get_if<DecodeRefusal>(&decoded)) {
        GH_ASSERT(refusal->refusal.http_status >= 400);
        check_reply(refusal_reply(refusal->id, refusal->refusal));
    } else {
        check_message(request, std::get<McpMessage>(decoded));
    }
    if (const auto value = decode_header_value(input)) {
        GH_ASSERT(value->size() <= input.size());
    }
    static_cast<void>(is_batch(input));
    return 0;
}
