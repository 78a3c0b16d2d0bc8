#include "runtime/session/request_text.hpp"

#include "runtime/session/json_text.hpp"
#include "runtime/session/request_meta.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view request_start = R"({"jsonrpc":"2.0","id":)";

// Raw line breaks stand only between tokens of valid JSON, where a space means the same; on this
// transport they would cut the message in two.
void unbreak_lines(std::string& out, std::size_t start) {
    const auto is_line_break = [](char c) { return c == '\n' || c == '\r'; };
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), is_line_break,
                    ' ');
}

void append_params(const RequestText& request, std::string& out) {
    const bool with_meta = request.with_progress_token || !request.meta.empty();
    if (request.params.empty() && !with_meta) {
        return;
    }
    out.append(",\"params\":");
    const std::size_t start = out.size();
    if (!with_meta) {
        out.append(request.params);
    } else if (!request.with_progress_token) {
        append_params_with_meta(request.params, request.meta, out);
    } else {
        std::string members = "\"progressToken\":" + std::to_string(request.id);
        if (!request.meta.empty()) {
            members.push_back(',');
            members.append(request.meta);
        }
        append_params_with_meta(request.params, members, out);
    }
    unbreak_lines(out, start);
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

void append_answer(std::string_view raw_id, std::string_view result, std::string_view error,
                   std::string& out) {
    out.append(request_start);
    out.append(raw_id);
    const std::size_t start = out.size();
    out.append(error.empty() ? ",\"result\":" : ",\"error\":");
    out.append(error.empty() ? result : error);
    unbreak_lines(out, start);
    out.append("}\n");
}

void append_refusal(std::string_view raw_id, int code, std::string_view why, std::string& out) {
    std::string error = "{\"code\":" + std::to_string(code) + ",\"message\":";
    append_quoted(why, error);
    error.push_back('}');
    append_answer(raw_id, {}, error, out);
}

void append_method_not_found(std::string_view raw_id, std::string_view method, std::string& out) {
    std::string message = "the gateway does not offer ";
    message.append(method.size() <= 128 ? method : "this method");
    append_refusal(raw_id, -32601, message, out);
}

} // namespace gatehouse::runtime
