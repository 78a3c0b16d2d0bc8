// The connector's reply as the client's answer: moved, cut where the eras differ, never rebuilt.
#include "gateway/pipeline/calls.hpp"
#include "gateway/pipeline/dialogue_rules.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/units.hpp"
#include "runtime/session/json_scan.hpp"

#include <charconv>
#include <utility>

namespace gatehouse::gateway {

namespace {

bool may_hold_uris(const McpCall& call) {
    return call.kind != TargetKind::task && call.method != "completion/complete" &&
           call.method != "resources/subscribe";
}

std::optional<std::chrono::milliseconds> lifetime_in(std::string_view body) {
    for (const std::string_view pointer : {"/ttlMs", "/task/ttl", "/ttl"}) {
        const auto raw = runtime::find_pointer(body, pointer);
        std::int64_t count = 0;
        if (raw &&
            std::from_chars(raw->data(), raw->data() + raw->size(), count).ec == std::errc() &&
            count >= 0) {
            return std::chrono::milliseconds(count);
        }
    }
    return std::nullopt;
}

Error foreign_task() {
    return Error{"GH-M408", "the connector answered with a task", "",
                 "the client's protocol version does not know tasks of this kind",
                 "Use a client of MCP 2026-07-28 for this tool"};
}

HttpReply lacking_reply(const McpCall& call, const MissingCapability& missing) {
    McpRefusal lacking{400, rpc_missing_capability,
                       "the request needs the client capability " + missing.name,
                       "{\"requiredCapabilities\":" + missing.required + "}"};
    return refusal_reply(call.message().reply_id(), lacking);
}

HttpReply failed_reply(const McpCall& call, Error failure) {
    runtime::CallReply failed;
    failed.end = runtime::CallEnd::may_have_run;
    failed.failure = std::move(failure);
    return failure_reply(call.message().reply_id(), failed);
}

// Whether what a modern connector asks may not reach its modern client. A connector is told the
// client's capabilities with every call, but that is no reason to believe that it kept to them.
std::optional<HttpReply> unaskable_reply(const McpCall& call, ResultKind kind,
                                         std::string_view body) {
    const bool may_wait = call.method == "tools/call" || call.method == "prompts/get" ||
                          call.method == "resources/read";
    const bool asks = kind == ResultKind::input_required;
    const auto requests = asks || call.method == "tasks/get"
                              ? runtime::find_member(body, "inputRequests")
                              : std::nullopt;
    std::optional<InputProblem> problem;
    if (asks && !may_wait) {
        problem = InputProblem{std::nullopt, "a request of this kind cannot wait for input"};
    } else if (requests) {
        problem = input_problem(*requests, call.caller().capabilities);
    }
    if (!problem) {
        return std::nullopt;
    }
    return problem->missing
               ? lacking_reply(call, *problem->missing)
               : failed_reply(call, Error{"GH-M434", "the connector's question cannot be passed on",
                                          call.connector().str(), problem->fault,
                                          "Report it to the connector's author"});
}

} // namespace

HttpReply Calls::answer_of(const Walk& walk, runtime::CallReply reply, ResultKind kind) {
    const McpCall& call = *walk.call;
    const McpMessage& message = call.message();
    if (walk.missing && reply.end != runtime::CallEnd::result) {
        return lacking_reply(call, *walk.missing);
    }
    if (reply.end == runtime::CallEnd::result) {
        return result_of(call, std::move(reply), kind);
    }
    if (reply.end == runtime::CallEnd::error) {
        const std::string_view uri =
            call.kind == TargetKind::resource ? std::string_view(call.name) : std::string_view();
        ForeignError error = client_error(reply.era, message.era, uri, reply.body());
        HttpReply out =
            spliced_reply(reply_start(message.reply_id(), ",\"error\":"), std::move(reply), {});
        if (!error.text.empty()) {
            out.body = std::move(error.text);
            out.body_offset = 0;
            out.body_length = std::string::npos;
        }
        out.status = error.http_status;
        return out;
    }
    // A model can do something about a result that is too large: ask for less.
    if (reply.failure.code == "GH-M402" && call.kind == TargetKind::tool) {
        return tool_error_reply(message.reply_id(), message.era, reply.failure);
    }
    return failure_reply(message.reply_id(), reply);
}

HttpReply Calls::result_of(const McpCall& call, runtime::CallReply reply, ResultKind kind) {
    const McpMessage& message = call.message();
    VirtualServer& server = call.request().server();
    const bool makes_task = kind == ResultKind::task;
    if (makes_task && message.era == Era::legacy) {
        return failed_reply(call, foreign_task());
    }
    if (may_hold_uris(call) && server.rewrites_uris(call.connector())) {
        std::string rewritten = server.rewrite_uris(call.connector(), reply.body(), call.caller());
        reply.frame = std::move(rewritten);
        reply.body_offset = 0;
        reply.body_length = reply.frame.size();
    }
    const std::string_view body = reply.body();
    if (reply.era == Era::modern && message.era == Era::modern) {
        if (auto refused = unaskable_reply(call, kind, body)) {
            return std::move(*refused);
        }
    }
    TextEdits edits = era_edits(call.method, reply.era, message.era, body);
    if (kind == ResultKind::input_required) {
        if (auto problem = seal_state(call, body, edits)) {
            return failed_reply(call, std::move(*problem));
        }
    }
    if (makes_task || call.as_task || call.kind == TargetKind::task) {
        show_task_id(call, reply.era, body, edits);
    }
    return spliced_reply(reply_start(message.reply_id(), ",\"result\":"), std::move(reply),
                         std::move(edits));
}

StateBinding Calls::binding_of(const McpCall& call, const std::string& digest) const {
    StateBinding binding;
    binding.principal = call.request().principal().id().str();
    binding.virtual_server = call.request().server().config().name.str();
    binding.connector = call.connector().str();
    binding.method = call.method;
    binding.params_digest = digest;
    return binding;
}

// A connector that sends no state gets none back: its questions can be answered without.
std::optional<Error> Calls::seal_state(const McpCall& call, std::string_view body,
                                       TextEdits& edits) {
    const auto state = runtime::find_member(body, "requestState");
    if (!state) {
        return std::nullopt;
    }
    if (!state->starts_with('"') || state->size() > connector_state_max_bytes) {
        return Error{"GH-M432", "the connector's requestState cannot be passed on", "",
                     "it must be a string of at most " + size_text(connector_state_max_bytes),
                     "Report it to the connector's author"};
    }
    const std::string digest = retry_digest(call.message().envelope.params);
    const std::string sealed = states_.seal(binding_of(call, digest), StateKind::connector, *state);
    edits.push_back(replace_part(body, *state, json_quote(sealed)));
    return std::nullopt;
}

// Puts the gateway's own id where the connector's stands.
void Calls::show_task_id(const McpCall& call, Era era, std::string_view body, TextEdits& edits) {
    auto literal = call.method == "tasks/result" ? runtime::find_pointer(body, related_task_pointer)
                                                 : task_id_in(body);
    const auto upstream_id = literal ? runtime::string_value(*literal) : std::nullopt;
    if (!upstream_id) {
        return;
    }
    std::optional<std::string> shown;
    if (call.kind == TargetKind::tool) {
        const bool made = era == Era::modern || runtime::find_member(body, "task").has_value();
        if (made) {
            shown = task_ids_.add(
                owner_of(call), {call.connector(), *upstream_id, call.tool->exposed->upstream_name},
                lifetime_in(body));
        }
    } else {
        shown = task_ids_.shown_id(owner_of(call), call.connector(), *upstream_id);
    }
    if (shown) {
        edits.push_back(replace_part(body, *literal, json_quote(*shown)));
    }
}

} // namespace gatehouse::gateway
