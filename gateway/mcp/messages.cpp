#include "gateway/mcp/messages.hpp"

#include "runtime/base/json.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

std::string cause_data(const Error& error) {
    Json data;
    data["code"] = error.code;
    data["what"] = error.what;
    if (!error.where.empty()) {
        data["where"] = error.where;
    }
    if (!error.why.empty()) {
        data["why"] = error.why;
    }
    if (!error.action.empty()) {
        data["action"] = error.action;
    }
    return dump_json(data);
}

} // namespace

std::string reply_start(std::string_view id, std::string_view member) {
    std::string text;
    text.reserve(id.size() + 72); // and room for what most callers add
    text = R"({"jsonrpc":"2.0","id":)";
    text += id;
    text += member;
    return text;
}

HttpReply refusal_reply(std::string_view id, const McpRefusal& refusal) {
    HttpReply reply;
    reply.status = refusal.http_status;
    reply.body = reply_start(id, ",\"error\":{\"code\":") + std::to_string(refusal.code) +
                 ",\"message\":" + json_quote(refusal.message);
    if (!refusal.data.empty()) {
        reply.body += ",\"data\":" + refusal.data;
    }
    reply.body += "}}";
    return reply;
}

HttpReply result_reply(std::string_view id, std::string result_json) {
    HttpReply reply;
    reply.body_prefix = reply_start(id, ",\"result\":");
    reply.body = std::move(result_json);
    reply.body_suffix = "}";
    return reply;
}

HttpReply tool_error_reply(std::string_view id, Era era, const Error& error) {
    std::string result = "{";
    if (era == Era::modern) {
        result += R"("resultType":"complete",)";
    }
    result += R"("content":[{"type":"text","text":)" + json_quote(to_text(error)) +
              R"(}],"isError":true})";
    return result_reply(id, std::move(result));
}

HttpReply failure_reply(std::string_view id, const runtime::CallReply& reply) {
    McpRefusal refusal;
    refusal.code = rpc_connector_failed;
    refusal.message = to_text(reply.failure);
    std::string data = cause_data(reply.failure);
    data.pop_back();
    data += std::string(R"(,"delivery":")") + runtime::to_text(reply.end) + "\"";
    if (reply.retry_after) {
        data += ",\"retry_after_ms\":" + std::to_string(reply.retry_after->count());
    }
    refusal.data = data + "}";
    return refusal_reply(id, refusal);
}

HttpReply empty_reply(int http_status) {
    HttpReply reply;
    reply.status = http_status;
    reply.content_type.clear();
    return reply;
}

void flatten_for_sse(std::string& json) {
    for (const char line_end : {'\r', '\n'}) {
        std::replace(json.begin(), json.end(), line_end, ' ');
    }
}

HttpReply as_sse_event(HttpReply reply) {
    flatten_for_sse(reply.body);
    reply.body_prefix = "event: message\ndata: " + reply.body_prefix;
    reply.body_suffix += "\n\n";
    return reply;
}

} // namespace gatehouse::gateway
