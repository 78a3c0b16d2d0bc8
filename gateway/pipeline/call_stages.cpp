#include "gateway/pipeline/call_stages.hpp"

#include "gateway/journal/digest.hpp"
#include "gateway/mcp/transcode.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

std::string_view policy_name(const McpCall& call) {
    if (call.kind == TargetKind::tool) {
        return call.tool->exposed->upstream_name;
    }
    return call.kind == TargetKind::task ? std::string_view(call.task_tool)
                                         : std::string_view(call.target->upstream_name);
}

} // namespace

PolicyKind policy_kind(TargetKind kind) {
    switch (kind) {
    case TargetKind::prompt:
        return PolicyKind::prompt;
    case TargetKind::resource:
        return PolicyKind::resource;
    case TargetKind::tool:
    case TargetKind::task:
        break;
    }
    return PolicyKind::tool;
}

Denied deny(Denial::Answer answer, std::string_view rule, Error error) {
    auto denial = std::make_unique<Denial>();
    denial->answer = answer;
    denial->rule = rule;
    denial->error = std::move(error);
    return denial;
}

Denied deny_with(McpRefusal refusal, std::string_view rule, std::string code) {
    Denied denial =
        deny(Denial::Answer::refusal, rule, Error{std::move(code), refusal.message, "", "", ""});
    denial->refusal = std::move(refusal);
    return denial;
}

const runtime::Caller& McpCall::caller() const {
    static const runtime::Caller nobody;
    return exchange->caller != nullptr ? *exchange->caller : nobody;
}

std::shared_ptr<McpCall> McpCall::again(CallId next) const {
    auto copy = std::make_shared<McpCall>();
    copy->exchange = exchange;
    copy->method = method;
    copy->kind = kind;
    copy->name = name;
    copy->session = session;
    copy->tools = tools;
    copy->tool = tool;
    copy->target = target;
    copy->arguments = arguments;
    copy->completion_ref = completion_ref;
    copy->task_tool = task_tool;
    copy->as_task = as_task;
    copy->input_responses = input_responses;
    copy->request_state = request_state;
    copy->id = next;
    return copy;
}

PolicyAnswer Authorize::decide(const McpCall& call) const {
    PolicyQuestion question;
    question.principal = call.request().principal().id().str();
    question.virtual_server = call.request().server().config().name.str();
    question.connector = call.connector().str();
    question.tool = policy_name(call);
    question.arguments = call.arguments;
    question.kind = policy_kind(call.kind);
    if (call.kind == TargetKind::task && question.tool.empty()) {
        return {true, "own-tasks"}; // a list of one's own tasks is about no tool
    }
    PolicyAnswer answer = policy_.decide(question);
    // Without the arguments, a condition on them decides nothing: what can be used may be asked
    // about.
    const bool about_only = call.kind == TargetKind::task || call.method == "completion/complete";
    if (about_only && !answer.allowed) {
        answer.allowed = policy_.may_ever_allow(question);
    }
    return answer;
}

// It may belong to a connector that cannot start: who may use that is told so, and nobody else.
Denied Authorize::refuse_unknown(const McpCall& call) const {
    PolicyQuestion question;
    const std::string principal = call.request().principal().id().str();
    question.principal = principal;
    question.virtual_server = call.request().server().config().name.str();
    question.kind = policy_kind(call.kind);
    for (const UnlearnedConnector& one : call.unlearned) {
        question.connector = one.connector.str();
        question.tool = one.upstream_name;
        if (policy_.may_ever_allow(question)) {
            Denied denial = deny(Denial::Answer::failure, "unavailable", one.failure);
            denial->connector = one.connector.str();
            return denial;
        }
    }
    return deny(Denial::Answer::unknown, "exposure",
                Error{"GH-N405", "it is not exposed here", call.name, "", ""});
}

std::variant<AuthorizedCall, Denied> Authorize::operator()(SharedCall shared) const {
    const McpCall& call = *shared;
    if (!call.known()) {
        return refuse_unknown(call);
    }
    const PolicyAnswer answer = decide(call);
    if (!answer.allowed) {
        return deny(Denial::Answer::unknown, answer.rule,
                    Error{"GH-N406", "the call is denied by policy", call.name, "", ""});
    }
    if (call.kind == TargetKind::tool) {
        if (Denied denial = check_tool(call, answer.rule)) {
            return denial;
        }
    }
    return AuthorizedCall(std::move(shared), answer.rule);
}

// Null: headers and arguments are as the tool wants them.
Denied Authorize::check_tool(const McpCall& call, std::string_view rule) const {
    if (call.message().era == Era::modern) {
        auto mismatch =
            check_param_headers(call.exchange->http, call.tool->param_headers, call.arguments);
        if (mismatch) {
            return deny_with(std::move(*mismatch), rule, "GH-M412");
        }
    }
    if (!call.arguments.empty() && call.arguments.front() != '{') {
        return deny(Denial::Answer::tool_error, rule,
                    Error{"GH-M421", "the arguments are not an object", call.name, "",
                          "Send params.arguments as a JSON object"});
    }
    if (call.tool->schema) {
        const auto problem =
            call.tool->schema->problem(call.arguments.empty() ? "{}" : call.arguments);
        if (problem) {
            return deny(Denial::Answer::tool_error, rule,
                        Error{"GH-M421", "the arguments do not fit the tool's input schema",
                              call.name, *problem, "Correct the arguments and call again"});
        }
    }
    return nullptr;
}

std::variant<CredentialedCall, Denied> AttachCredential::operator()(AuthorizedCall call) const {
    const ConnectorName& connector = call.call().connector();
    std::string used;
    for (const SecretName& name : directory_.required_secrets(connector)) {
        const int version = vault_.version(name);
        if (version == 0) {
            return deny(Denial::Answer::failure, call.rule(),
                        Error{"GH-A102", "connector " + connector.str() + " lacks a credential",
                              name.str(), "the secret is not set",
                              "Ask the operator to run: gatehouse secret set " + name.str()});
        }
        used += used.empty() ? "" : ",";
        used += name.str() + "@" + std::to_string(version);
    }
    return CredentialedCall(std::move(call), std::move(used));
}

Task<Result<JournaledCall>> RecordIntent::operator()(CredentialedCall call) const {
    auto writing = journal_.append(describe_intent(call));
    auto written = co_await std::move(writing);
    if (!written) {
        co_return std::move(written).error();
    }
    co_return JournaledCall(std::move(call));
}

JournalRecord describe_call(const McpCall& call, RecordKind kind) {
    JournalRecord record;
    record.kind = kind;
    record.call = call.id.value;
    record.principal = call.request().principal().id().str();
    record.virtual_server = call.request().server().config().name.str();
    record.tool = call.name.substr(0, 256);
    if (call.method != "tools/call") {
        record.method = call.method;
    }
    if (call.known()) {
        record.connector = call.connector().str();
    }
    if (kind != RecordKind::outcome) {
        record.address = call.exchange->http.peer;
        record.client = call.session ? std::string_view(call.session->client)
                                     : std::string_view(call.message().client);
        record.arguments = call.arguments;
    }
    return record;
}

JournalRecord describe_intent(const CredentialedCall& call) {
    JournalRecord record = describe_call(call.call(), RecordKind::intent);
    record.decision = "allow";
    record.rule = std::string(call.rule());
    record.credential = call.credential();
    return record;
}

JournalRecord describe_denial(const McpCall& call, const Denial& denial) {
    JournalRecord record = describe_call(call, RecordKind::denial);
    record.decision = denial.answer == Denial::Answer::unknown ? "deny" : "allow";
    record.rule = std::string(denial.rule);
    record.reason = denial.error.code;
    if (record.connector.empty()) {
        record.connector = denial.connector;
    }
    return record;
}

void describe_outcome(JournalRecord& record, const runtime::CallReply& reply, ResultKind kind) {
    constexpr std::string_view not_the_last_word[] = {"", "input_required", "task"};
    record.outcome = kind == ResultKind::complete ? to_text(reply.end)
                                                  : not_the_last_word[static_cast<int>(kind)];
    record.instance = reply.instance.value;
    record.reason = reply.failure.code;
    record.result_bytes = reply.body_length;
    if (reply.body_length > 0) {
        record.result_sha256 = sha256_hex(reply.body());
    }
}

McpRefusal unknown_target(const McpCall& call) {
    const std::string shown = call.name.substr(0, 256);
    switch (call.kind) {
    case TargetKind::tool:
        return {200, rpc_invalid_params, "Unknown tool: " + shown, ""};
    case TargetKind::prompt:
        return {200, rpc_invalid_params, "Unknown prompt: " + shown, ""};
    case TargetKind::task:
        return {200, rpc_invalid_params, "Task not found", ""};
    case TargetKind::resource:
        break;
    }
    const bool modern = call.message().era == Era::modern;
    const bool completes = call.method == "completion/complete";
    return {200, modern || completes ? rpc_invalid_params : rpc_legacy_not_found,
            "Resource not found", "{\"uri\":" + json_quote(call.name) + "}"};
}

std::string upstream_params(const McpCall& call, const RoundInput& round, std::optional<Era> era) {
    std::string text;
    text.reserve(call.arguments.size() + 96);
    text = "{";
    const std::string_view params = call.message().envelope.params;
    const std::string_view meta = call.message().meta;
    if (call.kind == TargetKind::tool) {
        append_param(text, "name", json_quote(call.tool->exposed->upstream_name));
    } else if (call.method == "completion/complete") {
        append_param(text, "ref", call.completion_ref);
    } else if (!call.target->upstream_name.empty()) {
        constexpr std::string_view members[] = {"name", "name", "uri", "taskId"};
        append_param(text, members[static_cast<int>(call.kind)],
                     json_quote(call.target->upstream_name));
    }
    if (!call.arguments.empty()) {
        append_param(text, "arguments", call.arguments);
    }
    if (!call.cursor.empty()) {
        append_param(text, "cursor", call.cursor);
    }
    if (era != Era::legacy && !round.responses.empty()) {
        append_param(text, "inputResponses", round.responses);
    }
    if (era != Era::legacy && !round.state.empty()) {
        append_param(text, "requestState", round.state);
    }
    if (call.method == "completion/complete") {
        return params_for_connector(std::move(text), params, {"argument", "context"}, meta);
    }
    if (call.as_task && era != Era::modern) {
        return params_for_connector(std::move(text), params, {"task"}, meta);
    }
    return params_for_connector(std::move(text), params, {}, meta);
}

} // namespace gatehouse::gateway
