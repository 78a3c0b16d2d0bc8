#include "gateway/mcp/decode.hpp"

#include "gateway/mcp/base64.hpp"
#include "gateway/mcp/client_facts.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <cctype>

namespace gatehouse::gateway {

namespace {

using runtime::find_member;
using runtime::string_value;

bool same_ignoring_case(char a, char lower) {
    return std::tolower(static_cast<unsigned char>(a)) == lower;
}

bool contains_ignoring_case(std::string_view text, std::string_view lower_part) {
    return text.find(lower_part) != std::string_view::npos ||
           std::search(text.begin(), text.end(), lower_part.begin(), lower_part.end(),
                       same_ignoring_case) != text.end();
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), same_ignoring_case);
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

// A header that mirrors the body: sent once, and the same text.
bool mirrors(const HttpRequest& request, std::string_view name, std::string_view text) {
    const auto header = request.header(name);
    return header && trimmed(*header) == text && request.header_count(name) == 1;
}

DecodeRefusal refuse_version(const McpMessage& message, const std::string& version) {
    DecodeRefusal refusal = refuse(message, rpc_unsupported_version,
                                   "protocol version " + version + " is not supported");
    refusal.refusal.data =
        R"({"supported":["2026-07-28"],"requested":)" + json_quote(version) + "}";
    return refusal;
}

std::optional<DecodeRefusal> check_version(const HttpRequest& request, const McpMessage& message) {
    const auto raw = find_member(message.meta, meta_protocol_version);
    const auto version = raw ? string_value(*raw) : std::nullopt;
    // Only a request has to say what its client is capable of.
    const bool complete = message.envelope.kind != runtime::MessageKind::request ||
                          message.client_capabilities.starts_with('{');
    if (!version || !complete) {
        return refuse(message, rpc_invalid_params,
                      "params._meta needs io.modelcontextprotocol/protocolVersion and "
                      "io.modelcontextprotocol/clientCapabilities");
    }
    if (!mirrors(request, "MCP-Protocol-Version", *version)) {
        return refuse(
            message, rpc_header_mismatch,
            "header MCP-Protocol-Version must be sent once and equal the version in _meta");
    }
    if (*version != modern_version) {
        return refuse_version(message, *version);
    }
    if (message.client_capabilities.size() + message.client_info.size() > client_facts_max_bytes) {
        return refuse(message, rpc_invalid_params,
                      "clientCapabilities and clientInfo are longer than 16 KiB");
    }
    return std::nullopt;
}

std::optional<DecodeRefusal> check_method(const HttpRequest& request, const McpMessage& message) {
    const std::string& method = message.envelope.method;
    if (!mirrors(request, "Mcp-Method", method)) {
        return refuse(message, rpc_header_mismatch,
                      "header Mcp-Method must be sent once and equal the method in the body");
    }
    const bool known =
        std::find(modern_methods.begin(), modern_methods.end(), method) != modern_methods.end();
    if (message.envelope.kind == runtime::MessageKind::request && !known) {
        DecodeRefusal refusal =
            refuse(message, rpc_method_not_found, "Method not found: " + method.substr(0, 128));
        refusal.refusal.http_status = 404;
        return refusal;
    }
    return std::nullopt;
}

std::optional<DecodeRefusal> check_name(const HttpRequest& request, const McpMessage& message) {
    const std::string_view source = name_source(message.envelope.method);
    if (source.empty()) {
        return std::nullopt;
    }
    const auto raw = find_member(message.envelope.params, source);
    const auto name = raw ? string_value(*raw) : std::nullopt;
    const auto header = request.header("Mcp-Name");
    if (!name && !header) {
        return std::nullopt; // not a matter of headers: the params are wrong
    }
    const auto decoded = header ? decode_header_value(trimmed(*header)) : std::nullopt;
    if (!decoded || !name || *decoded != *name || request.header_count("Mcp-Name") != 1) {
        return refuse(message, rpc_header_mismatch,
                      "header Mcp-Name must be sent once and equal params." + std::string(source));
    }
    return std::nullopt;
}

// The text of a level; empty if it is none of the eight.
std::string_view level_text(std::string_view raw) {
    const bool quoted = raw.size() > 2 && raw.front() == '"';
    const std::string_view text = quoted ? raw.substr(1, raw.size() - 2) : std::string_view();
    const auto known = std::find(log_levels.begin(), log_levels.end(), text);
    return known == log_levels.end() ? std::string_view() : *known;
}

std::variant<McpMessage, DecodeRefusal> decode_modern(const HttpRequest& request,
                                                      McpMessage message) {
    message.era = Era::modern;
    message.client_capabilities =
        find_member(message.meta, meta_client_capabilities).value_or(std::string_view());
    message.client_info = find_member(message.meta, meta_client_info).value_or(std::string_view());
    for (const auto check : {check_version, check_method, check_name}) {
        if (auto refusal = check(request, message)) {
            return std::move(*refusal);
        }
    }
    if (const auto level = find_member(message.meta, meta_log_level)) {
        message.log_level = level_text(*level);
        if (message.log_level.empty()) {
            return refuse(message, rpc_invalid_params,
                          "io.modelcontextprotocol/logLevel is not one of the log levels");
        }
    }
    return message;
}

// What says in its header that it is modern, and in its body not.
std::variant<McpMessage, DecodeRefusal> decode_half_modern(McpMessage message) {
    switch (message.envelope.kind) {
    case runtime::MessageKind::response:
        return refuse(message, rpc_invalid_request,
                      "clients of 2026-07-28 send no responses: send inputResponses with the "
                      "request again");
    case runtime::MessageKind::notification:
        message.era = Era::modern; // the revision asks nothing of a notification's `_meta`
        return message;
    case runtime::MessageKind::request:
        break;
    }
    return refuse(message, rpc_invalid_params,
                  "a request of 2026-07-28 carries its version in "
                  "params._meta[\"io.modelcontextprotocol/protocolVersion\"]");
}

std::variant<McpMessage, DecodeRefusal> decode_initialize(McpMessage message) {
    const std::string_view params = message.envelope.params;
    if (!params.empty()) {
        message.client_info = find_member(params, "clientInfo").value_or(std::string_view());
        message.client_capabilities =
            find_member(params, "capabilities").value_or(std::string_view());
    }
    if (message.client_capabilities.size() + message.client_info.size() > client_facts_max_bytes) {
        return refuse(message, rpc_invalid_params,
                      "capabilities and clientInfo are longer than 16 KiB");
    }
    return message;
}

std::variant<McpMessage, DecodeRefusal> decode_legacy(const HttpRequest& request,
                                                      McpMessage message) {
    if (message.envelope.method == "initialize") {
        return decode_initialize(std::move(message));
    }
    const auto header = request.header("MCP-Protocol-Version");
    if (!header) {
        return message;
    }
    if (trimmed(*header) == modern_version) {
        return decode_half_modern(std::move(message));
    }
    const auto known = std::find(legacy_versions.begin(), legacy_versions.end(), trimmed(*header));
    if (known == legacy_versions.end()) {
        return refuse(message, rpc_invalid_request,
                      "header MCP-Protocol-Version names an unsupported version");
    }
    message.protocol_version = *known;
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
    if (!type ||
        !equals_ignoring_case(trimmed(type->substr(0, type->find(';'))), "application/json")) {
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

std::optional<HttpReply> check_get_headers(const HttpRequest& request) {
    const auto accept = request.header("Accept");
    if (!accept || (!contains_ignoring_case(*accept, "text/event-stream") &&
                    accept->find("*/*") == std::string_view::npos)) {
        return problem_reply(406, Error{"GH-M411", "the client must accept an event stream",
                                        "Accept", "", "Send Accept: text/event-stream"});
    }
    return std::nullopt;
}

bool is_batch(std::string_view body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && body[first] == '[';
}

std::optional<McpRefusal> check_session_version(const HttpRequest& request,
                                                std::string_view negotiated) {
    const auto header = request.header("MCP-Protocol-Version");
    if (!header || trimmed(*header) == negotiated) {
        return std::nullopt;
    }
    return McpRefusal{400, rpc_invalid_request,
                      "header MCP-Protocol-Version differs from the version of the session, " +
                          std::string(negotiated),
                      ""};
}

std::variant<McpMessage, DecodeRefusal> decode_message(const HttpRequest& request) {
    auto envelope = runtime::read_envelope(request.body);
    if (!envelope) {
        const Error& error = envelope.error();
        const bool readable = runtime::validate_json(request.body).has_value();
        // JSON-RPC 2.0, section 5: null where the text could not be parsed.
        const bool has_id = readable && !error.where.empty();
        return DecodeRefusal{
            has_id ? error.where : "null",
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
