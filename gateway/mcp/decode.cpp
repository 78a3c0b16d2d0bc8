#include "gateway/mcp/decode.hpp"

#include "gateway/mcp/base64.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <cctype>

namespace gatehouse::gateway {

namespace {

using runtime::find_member;
using runtime::string_value;

bool contains_ignoring_case(std::string_view text, std::string_view lower_part) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
    };
    if (text.find(lower_part) != std::string_view::npos) {
        return true;
    }
    return std::search(text.begin(), text.end(), lower_part.begin(), lower_part.end(), same) !=
           text.end();
}

std::string client_text(std::optional<std::string_view> client_info) {
    if (!client_info) {
        return "";
    }
    const auto member_text = [&](std::string_view key) {
        const auto raw = find_member(*client_info, key);
        return raw ? string_value(*raw).value_or("") : std::string();
    };
    return (member_text("name") + "/" + member_text("version")).substr(0, 128);
}

DecodeRefusal refuse(const McpMessage& message, int code, std::string why) {
    DecodeRefusal refusal;
    refusal.id = std::string(message.reply_id());
    refusal.refusal = McpRefusal{400, code, std::move(why), ""};
    return refusal;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The member of params that Mcp-Name mirrors; empty for methods without one.
std::string_view name_source(std::string_view method) {
    if (method == "tools/call" || method == "prompts/get") {
        return "name";
    }
    if (method == "resources/read") {
        return "uri";
    }
    return method.starts_with("tasks/") ? "taskId" : "";
}

std::optional<DecodeRefusal> check_version(const HttpRequest& request, const McpMessage& message) {
    const auto raw = find_member(message.meta, meta_protocol_version);
    const auto version = raw ? string_value(*raw) : std::nullopt;
    if (!version || !find_member(message.meta, meta_client_capabilities)) {
        return refuse(message, rpc_invalid_params,
                      "params._meta needs io.modelcontextprotocol/protocolVersion and "
                      "io.modelcontextprotocol/clientCapabilities");
    }
    const auto header = request.header("MCP-Protocol-Version");
    if (!header || trimmed(*header) != *version ||
        request.header_count("MCP-Protocol-Version") != 1) {
        return refuse(
            message, rpc_header_mismatch,
            "header MCP-Protocol-Version must be sent once and equal the version in _meta");
    }
    if (*version != modern_version) {
        DecodeRefusal refusal = refuse(message, rpc_unsupported_version,
                                       "protocol version " + *version + " is not supported");
        refusal.refusal.data =
            R"({"supported":["2026-07-28","2025-11-25","2025-06-18"],"requested":)" +
            json_quote(*version) + "}";
        return refusal;
    }
    return std::nullopt;
}

std::optional<DecodeRefusal> check_mirrored_headers(const HttpRequest& request,
                                                    const McpMessage& message) {
    const auto method = request.header("Mcp-Method");
    if (!method || trimmed(*method) != message.envelope.method ||
        request.header_count("Mcp-Method") != 1) {
        return refuse(message, rpc_header_mismatch,
                      "header Mcp-Method must be sent once and equal the method in the body");
    }
    const std::string_view source = name_source(message.envelope.method);
    if (source.empty()) {
        return std::nullopt;
    }
    const auto raw = find_member(message.envelope.params, source);
    const auto name = raw ? string_value(*raw) : std::nullopt;
    const auto header = request.header("Mcp-Name");
    const auto decoded = header ? decode_header_value(trimmed(*header)) : std::nullopt;
    if (!decoded || !name || *decoded != *name || request.header_count("Mcp-Name") != 1) {
        return refuse(message, rpc_header_mismatch,
                      "header Mcp-Name must be sent once and equal params." + std::string(source));
    }
    return std::nullopt;
}

std::variant<McpMessage, DecodeRefusal> decode_modern(const HttpRequest& request,
                                                      McpMessage message) {
    message.era = Era::modern;
    if (message.envelope.kind == runtime::MessageKind::request) {
        if (auto refusal = check_version(request, message)) {
            return std::move(*refusal);
        }
        if (auto refusal = check_mirrored_headers(request, message)) {
            return std::move(*refusal);
        }
    }
    message.client = client_text(find_member(message.meta, meta_client_info));
    return message;
}

std::variant<McpMessage, DecodeRefusal> decode_legacy(const HttpRequest& request,
                                                      McpMessage message) {
    if (message.envelope.method == "initialize") {
        message.client = client_text(find_member(message.envelope.params, "clientInfo"));
        return message;
    }
    const auto header = request.header("MCP-Protocol-Version");
    if (!header) {
        return message;
    }
    if (trimmed(*header) == modern_version) {
        return refuse(message, rpc_invalid_params,
                      "a request of 2026-07-28 carries its version in "
                      "params._meta[\"io.modelcontextprotocol/protocolVersion\"]");
    }
    const bool known = std::find(legacy_versions.begin(), legacy_versions.end(),
                                 trimmed(*header)) != legacy_versions.end();
    if (!known) {
        return refuse(message, rpc_invalid_request,
                      "header MCP-Protocol-Version names an unsupported version");
    }
    return message;
}

} // namespace

std::optional<std::string> decode_header_value(std::string_view value) {
    constexpr std::string_view start = "=?base64?";
    constexpr std::string_view end = "?=";
    if (!value.starts_with(start) || !value.ends_with(end) ||
        value.size() < start.size() + end.size()) {
        return std::string(value);
    }
    return base64_decode(value.substr(start.size(), value.size() - start.size() - end.size()));
}

std::optional<HttpReply> check_post_headers(const HttpRequest& request) {
    const auto type = request.header("Content-Type");
    if (!type || !contains_ignoring_case(type->substr(0, type->find(';')), "application/json")) {
        return problem_reply(415, Error{"GH-M410", "the body must be application/json",
                                        "Content-Type", "", "Send Content-Type: application/json"});
    }
    const auto accept = request.header("Accept");
    const bool takes_both = accept && ((contains_ignoring_case(*accept, "application/json") &&
                                        contains_ignoring_case(*accept, "text/event-stream")) ||
                                       accept->find("*/*") != std::string_view::npos);
    if (!takes_both) {
        return problem_reply(406,
                             Error{"GH-M411", "the client must accept both answer types", "Accept",
                                   "", "Send Accept: application/json, text/event-stream"});
    }
    return std::nullopt;
}

std::variant<McpMessage, DecodeRefusal> decode_message(const HttpRequest& request) {
    auto envelope = runtime::read_envelope(request.body);
    if (!envelope) {
        const Error& error = envelope.error();
        const bool readable = runtime::validate_json(request.body).has_value();
        return DecodeRefusal{
            error.where.empty() ? "null" : error.where,
            McpRefusal{400, readable ? rpc_invalid_request : rpc_parse_error, to_text(error), ""}};
    }
    McpMessage message;
    message.envelope = std::move(*envelope);
    const std::string_view params = message.envelope.params;
    if (!params.empty() && params.front() == '{') {
        message.meta = find_member(params, "_meta").value_or(std::string_view());
    }
    if (!message.meta.empty() && message.meta.front() == '{') {
        message.progress_token = find_member(message.meta, "progressToken").value_or("");
        if (find_member(message.meta, meta_protocol_version)) {
            return decode_modern(request, std::move(message));
        }
    }
    return decode_legacy(request, std::move(message));
}

} // namespace gatehouse::gateway
