#include "gateway/pipeline/call_stages.hpp"

#include "gateway/journal/digest.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

Denied deny(Denial::Answer answer, std::string_view rule, Error error) {
    auto denial = std::make_unique<Denial>();
    denial->answer = answer;
    denial->rule = rule;
    denial->error = std::move(error);
    return denial;
}

bool belongs_to_hop(std::string_view meta_key) {
    return meta_key == "progressToken" || meta_key.starts_with(meta_protocol_prefix);
}

// The members of `object` that keep() wants, as the inside of an object without braces.
template <class Keep>
std::string kept_members(std::string_view object, const Keep& keep) {
    std::string text;
    const auto members = runtime::object_members(object);
    if (!members) {
        return text;
    }
    for (const runtime::JsonMember& member : *members) {
        if (keep(member.key)) {
            text += text.empty() ? "\"" : ",\"";
            text += member.key;
            text += "\":";
            text += member.value;
        }
    }
    return text;
}

} // namespace

std::variant<AuthorizedCall, Denied> Authorize::operator()(SharedCall shared) const {
    const McpCall& call = *shared;
    if (call.tool == nullptr) {
        return deny(Denial::Answer::unknown_tool, "exposure",
                    Error{"GH-N405", "the tool is not exposed here", call.name, "", ""});
    }
    const ExposedTool& exposed = *call.tool->exposed;
    PolicyQuestion question;
    question.principal = call.request().principal().id().str();
    question.virtual_server = call.request().server().config().name.str();
    question.connector = exposed.connector.str();
    question.tool = exposed.upstream_name;
    question.arguments = call.arguments;
    const PolicyAnswer answer = policy_.decide(question);
    if (!answer.allowed) {
        return deny(Denial::Answer::unknown_tool, answer.rule,
                    Error{"GH-N406", "the call is denied by policy", call.name, "", ""});
    }
    if (call.message().era == Era::modern) {
        auto mismatch =
            check_param_headers(call.exchange->http, call.tool->param_headers, call.arguments);
        if (mismatch) {
            Denied denial = deny(Denial::Answer::header_mismatch, answer.rule,
                                 Error{"GH-M412", mismatch->message, call.name, "", ""});
            denial->refusal = std::move(*mismatch);
            return denial;
        }
    }
    if (!call.arguments.empty() && call.arguments.front() != '{') {
        return deny(Denial::Answer::tool_error, answer.rule,
                    Error{"GH-M421", "the arguments are not an object", call.name, "",
                          "Send params.arguments as a JSON object"});
    }
    if (call.tool->schema) {
        const auto problem =
            call.tool->schema->problem(call.arguments.empty() ? "{}" : call.arguments);
        if (problem) {
            return deny(Denial::Answer::tool_error, answer.rule,
                        Error{"GH-M421", "the arguments do not fit the tool's input schema",
                              call.name, *problem, "Correct the arguments and call again"});
        }
    }
    return AuthorizedCall(std::move(shared), answer.rule);
}

std::variant<CredentialedCall, Denied> AttachCredential::operator()(AuthorizedCall call) const {
    const ConnectorName& connector = call.call().tool->exposed->connector;
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
    if (call.tool != nullptr) {
        record.connector = call.tool->exposed->connector.str();
    }
    if (kind != RecordKind::outcome) {
        record.address = call.exchange->http.peer;
        record.client = call.session ? call.session->client : call.message().client;
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
    record.decision = denial.answer == Denial::Answer::unknown_tool ? "deny" : "allow";
    record.rule = std::string(denial.rule);
    record.reason = denial.error.code;
    return record;
}

void describe_outcome(JournalRecord& record, const runtime::CallReply& reply) {
    record.outcome = to_text(reply.end);
    record.instance = reply.instance.value;
    record.reason = reply.failure.code;
    record.result_bytes = reply.body_length;
    if (reply.body_length > 0) {
        record.result_sha256 = sha256_hex(reply.body());
    }
}

std::string upstream_params(const McpCall& call) {
    const std::string_view meta = call.message().meta;
    std::string params;
    params.reserve(call.arguments.size() + 96);
    params = "{\"name\":" + json_quote(call.tool->exposed->upstream_name);
    if (!call.arguments.empty()) {
        params += ",\"arguments\":";
        params += call.arguments;
    }
    if (!meta.empty() && meta.front() == '{') {
        const std::string kept =
            kept_members(meta, [](std::string_view key) { return !belongs_to_hop(key); });
        if (!kept.empty()) {
            params += ",\"_meta\":{" + kept + "}";
        }
    }
    params += "}";
    return params;
}

std::string progress_event(std::string_view client_token, std::string_view connector_params) {
    std::string text =
        R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)";
    text += client_token;
    const std::string kept =
        kept_members(connector_params, [](std::string_view key) { return key != "progressToken"; });
    if (!kept.empty()) {
        text += "," + kept;
    }
    text += "}}";
    return text;
}

} // namespace gatehouse::gateway
