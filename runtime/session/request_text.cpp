#include "runtime/session/request_text.hpp"

#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view request_start = R"({"jsonrpc":"2.0","id":)";

// Where something goes into raw params: `text` replaces `length` bytes at `offset`.
struct Splice {
    std::size_t offset = 0;
    std::size_t length = 0;
    std::string text;
};

// Behind the brace that opens `object`, with a comma if members follow.
Splice as_first_member(std::string_view params, std::string_view object, std::string member) {
    const std::size_t brace =
        static_cast<std::size_t>(object.data() - params.data()) + object.find('{') + 1;
    const std::size_t next = params.find_first_not_of(" \t\r\n", brace);
    if (next != std::string_view::npos && params[next] != '}') {
        member.push_back(',');
    }
    return Splice{brace, 0, std::move(member)};
}

Splice replacing(std::string_view params, std::string_view part, std::string text) {
    return Splice{static_cast<std::size_t>(part.data() - params.data()), part.size(),
                  std::move(text)};
}

Splice progress_splice(std::string_view params, std::uint64_t id) {
    const std::string token = std::to_string(id);
    const std::string member = "\"progressToken\":" + token;
    const auto meta = find_member(params, "_meta");
    if (!meta) {
        return as_first_member(params, params, "\"_meta\":{" + member + "}");
    }
    if (meta->front() != '{') {
        return replacing(params, *meta, "{" + member + "}");
    }
    const auto old_token = find_member(*meta, "progressToken");
    return old_token ? replacing(params, *old_token, token)
                     : as_first_member(params, *meta, member);
}

void append_params(const RequestText& request, std::string& out) {
    if (request.params.empty() && !request.with_progress_token) {
        return;
    }
    const std::string_view params = request.params.empty() ? "{}" : request.params;
    out.append(",\"params\":");
    const std::size_t start = out.size();
    if (request.with_progress_token) {
        const Splice splice = progress_splice(params, request.id);
        out.append(params.substr(0, splice.offset));
        out.append(splice.text);
        out.append(params.substr(splice.offset + splice.length));
    } else {
        out.append(params);
    }
    // Raw line breaks stand only between tokens of valid JSON, where a space means the same; on
    // this transport they would cut the message in two.
    const auto is_line_break = [](char c) { return c == '\n' || c == '\r'; };
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), is_line_break,
                    ' ');
}

} // namespace

void append_request(const RequestText& request, std::string& out) {
    out.append(request_start);
    out.append(std::to_string(request.id));
    out.append(",\"method\":");
    append_quoted(request.method, out);
    append_params(request, out);
    out.append("}\n");
}

void append_notification(std::string_view method, std::string_view params, std::string& out) {
    out.append("{\"jsonrpc\":\"2.0\",\"method\":");
    append_quoted(method, out);
    if (!params.empty()) {
        out.append(",\"params\":");
        out.append(params);
    }
    out.append("}\n");
}

void append_cancelled(std::uint64_t id, std::string_view reason, std::string& out) {
    std::string params = "{\"requestId\":" + std::to_string(id) + ",\"reason\":";
    append_quoted(reason, params);
    params.push_back('}');
    append_notification("notifications/cancelled", params, out);
}

void append_empty_result(std::string_view raw_id, std::string& out) {
    out.append(request_start);
    out.append(raw_id);
    out.append(",\"result\":{}}\n");
}

void append_method_not_found(std::string_view raw_id, std::string_view method, std::string& out) {
    out.append(request_start);
    out.append(raw_id);
    out.append(R"(,"error":{"code":-32601,"message":)");
    std::string message = "the gateway serves several clients and does not offer ";
    message.append(method.size() <= 128 ? method : "this method");
    append_quoted(message, out);
    out.append("}}\n");
}

} // namespace gatehouse::runtime
