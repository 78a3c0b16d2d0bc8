#include "runtime/session/envelope.hpp"

#include "runtime/session/id_guess.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_structure.hpp"
#include "runtime/session/json_text.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

struct EnvelopeParts {
    std::string_view jsonrpc, id, method, params, result, error;
};

std::string_view* part_named(EnvelopeParts& parts, std::string_view key) {
    if (spells(key, "id")) {
        return &parts.id;
    }
    if (spells(key, "jsonrpc")) {
        return &parts.jsonrpc;
    }
    if (spells(key, "method")) {
        return &parts.method;
    }
    if (spells(key, "params")) {
        return &parts.params;
    }
    if (spells(key, "result")) {
        return &parts.result;
    }
    return spells(key, "error") ? &parts.error : nullptr;
}

bool is_integer_literal(std::string_view text) {
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    return !digits.empty() &&
           std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_json_rpc_id(std::string_view id) {
    if (id.front() == '"') {
        return true;
    }
    return is_integer_literal(id);
}

// JSON-RPC 2.0 section 5.1: strict clients throw on anything less.
const char* problem_of_error(std::string_view error) {
    if (error.front() != '{') {
        return "error is not an object";
    }
    const auto code = find_member(error, "code");
    const auto message = find_member(error, "message");
    if (!code || !is_integer_literal(*code)) {
        return "error without an integer code";
    }
    return message && message->front() == '"' ? nullptr : "error without a message";
}

const char* problem_of_response(const EnvelopeParts& parts) {
    if (parts.id.empty()) {
        return "a response without an id";
    }
    if (parts.result.empty() == parts.error.empty()) {
        return parts.result.empty() ? "neither method nor result nor error"
                                    : "both result and error";
    }
    if (!parts.params.empty()) {
        return "a response with params";
    }
    if (!parts.error.empty()) {
        return problem_of_error(parts.error);
    }
    return nullptr;
}

const char* problem_of_call(const EnvelopeParts& parts) {
    if (parts.method.front() != '"') {
        return "method is not a string";
    }
    if (!parts.result.empty() || !parts.error.empty()) {
        return "method together with result or error";
    }
    if (!parts.params.empty() && parts.params.front() != '{' && parts.params.front() != '[') {
        return "params is neither an object nor an array";
    }
    return nullptr;
}

// Null if the parts make a message.
const char* problem_of(const EnvelopeParts& parts) {
    const std::string_view version = parts.jsonrpc;
    if (version.size() < 2 || version.front() != '"' ||
        !spells(version.substr(1, version.size() - 2), "2.0")) {
        return "jsonrpc is not \"2.0\"";
    }
    if (!parts.id.empty() && !is_json_rpc_id(parts.id)) {
        return "id is neither a string nor an integer";
    }
    return parts.method.empty() ? problem_of_response(parts) : problem_of_call(parts);
}

Error no_message(std::string_view id, std::string why) {
    const bool usable = !id.empty() && is_json_rpc_id(id);
    return Error{"GH-M403", "not a JSON-RPC message", usable ? std::string(id) : "", std::move(why),
                 "correct the sender of this message"};
}

} // namespace

Result<Envelope> read_envelope(std::string_view text) {
    NotedMembers members;
    const ScanProblem scan_problem = scan_json(text, &members);
    if (scan_problem.found()) {
        return no_message(guess_id(text, text), to_text(scan_problem));
    }
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (text[first] != '{') {
        return no_message({}, "an object expected");
    }
    if (members.too_many) {
        return no_message({}, "too many members");
    }
    EnvelopeParts parts;
    for (const JsonMember& member : members.items) {
        if (std::string_view* const part = part_named(parts, member.key)) {
            *part = member.value;
        }
    }
    if (const char* const problem = problem_of(parts)) {
        return no_message(parts.id, problem);
    }
    Envelope envelope;
    envelope.id = parts.id;
    envelope.params = parts.params;
    envelope.result = parts.result;
    envelope.error = parts.error;
    if (parts.method.empty()) {
        envelope.kind = MessageKind::response;
    } else {
        envelope.kind = parts.id.empty() ? MessageKind::notification : MessageKind::request;
        append_unescaped(parts.method.substr(1, parts.method.size() - 2), envelope.method);
    }
    return envelope;
}

} // namespace gatehouse::runtime
