// The walk through the stages: decide, attach, journal, dispatch, journal, answer.
#include "gateway/pipeline/calls.hpp"
#include "gateway/pipeline/dialogue_rules.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

// The call did not go on.
HttpReply unrecorded_intent_reply(const McpCall& call, Error failure) {
    runtime::CallReply reply;
    reply.failure = std::move(failure);
    reply.retry_after = std::chrono::seconds(1);
    HttpReply refused = failure_reply(call.message().reply_id(), reply);
    refused.status = 503;
    return refused;
}

// The call was made; its answer may not leave without its record.
HttpReply unrecorded_outcome_reply(const McpCall& call, Error failure) {
    runtime::CallReply reply;
    reply.end = runtime::CallEnd::may_have_run;
    reply.failure = std::move(failure);
    return failure_reply(call.message().reply_id(), reply);
}

// What was set for the call's time refers to what ends with it.
void stop_listening(runtime::ConnectorCall& upstream) {
    upstream.on_progress = nullptr;
    upstream.on_log = nullptr;
    upstream.on_input = nullptr;
}

Denied stale_state() {
    return deny_with({200, rpc_invalid_params,
                      "requestState is not valid for this request: it was changed, belongs to "
                      "another request, or has expired. Send the request again without it",
                      R"({"code":"GH-M430"})"},
                     "protocol", "GH-M430");
}

} // namespace

// Decided at once, so that a call that goes on needs no room for a refusal.
Task<HttpReply> Calls::run(Walk& walk) {
    if (Denied denial = check_protocol(walk)) {
        return refuse(walk.call, std::move(denial));
    }
    if (walk.call->method == "tasks/list") {
        return list_tasks(walk);
    }
    auto authorized = authorize_(walk.call);
    if (auto* denial = std::get_if<Denied>(&authorized)) {
        return refuse(walk.call, std::move(*denial));
    }
    auto credentialed = attach_credential_(std::get<AuthorizedCall>(std::move(authorized)));
    if (auto* denial = std::get_if<Denied>(&credentialed)) {
        return refuse(walk.call, std::move(*denial));
    }
    return carry_out(walk, std::get<CredentialedCall>(std::move(credentialed)));
}

// What a modern request needs before anything is looked up for it, and what its state says. A
// state for a target that does not exist stays unopened: the next stage answers.
Denied Calls::check_protocol(Walk& walk) {
    const McpCall& call = *walk.call;
    if (call.message().era != Era::modern) {
        return nullptr;
    }
    if (call.kind == TargetKind::task &&
        !declares_extension(call.caller().capabilities, tasks_extension)) {
        return deny_with(missing_extension(tasks_extension), "protocol", "GH-M431");
    }
    walk.round.responses = call.input_responses;
    if (call.request_state.empty() || !call.known()) {
        return nullptr;
    }
    const auto sealed = runtime::string_value(call.request_state);
    const std::string digest = retry_digest(call.message().envelope.params);
    auto state = sealed ? states_.open(binding_of(call, digest), *sealed) : std::nullopt;
    if (!state || (state->kind == StateKind::parked && !parked_.holds(state->text))) {
        return stale_state();
    }
    if (state->kind == StateKind::parked) {
        walk.parked_name = std::move(state->text);
    } else {
        walk.round.state = std::move(state->text);
    }
    return nullptr;
}

// From the intent to the answer.
Task<HttpReply> Calls::carry_out(Walk& walk, CredentialedCall credentialed) {
    const SharedCall call = walk.call;
    auto journaled = co_await record_intent_(std::move(credentialed));
    if (!journaled) {
        forget_call(*call);
        co_return unrecorded_intent_reply(*call, std::move(journaled).error());
    }
    if (!walk.parked_name.empty() || may_park(*call)) {
        auto carrying =
            walk.parked_name.empty() ? carry_parkable(walk, std::move(*journaled)) : resume(walk);
        HttpReply answer = co_await std::move(carrying);
        co_return answer;
    }
    const SteadyTime started = services_.clock.steady_now();
    listen(walk);
    auto dispatched = dispatch(*journaled, walk.round, walk.upstream);
    runtime::CallReply reply = co_await std::move(dispatched);
    stop_listening(*walk.upstream);
    forget_call(*call);
    const ResultKind kind = result_kind(reply);
    auto recording = record_outcome(*call, reply, started, kind);
    const auto recorded = co_await std::move(recording);
    if (!recorded) {
        co_return unrecorded_outcome_reply(*call, recorded.error());
    }
    if (kind == ResultKind::input_required && call->session != nullptr) {
        auto repeating = ask_and_repeat(walk, std::move(reply));
        HttpReply answer = co_await std::move(repeating);
        co_return answer;
    }
    co_return answer_of(walk, std::move(reply), kind);
}

Task<Result<std::uint64_t>> Calls::record_outcome(const McpCall& call,
                                                  const runtime::CallReply& reply,
                                                  SteadyTime started, ResultKind kind) {
    JournalRecord outcome = describe_call(call, RecordKind::outcome);
    describe_outcome(outcome, reply, kind);
    outcome.latency_us = std::chrono::duration_cast<std::chrono::microseconds>(
                             services_.clock.steady_now() - started)
                             .count();
    return services_.journal.append(outcome);
}

Task<runtime::CallReply> Calls::dispatch(const JournaledCall& journaled, const RoundInput& round,
                                         std::shared_ptr<runtime::ConnectorCall> upstream) {
    const McpCall& call = journaled.call();
    if (call.method == "resources/subscribe" || call.method == "resources/unsubscribe" ||
        call.method == "subscriptions/listen") {
        return dispatch_subscription(call);
    }
    const ConnectorName& connector = call.connector();
    const bool depends = call.as_task || !round.responses.empty() || !round.state.empty();
    const auto era = depends ? known_era(call) : std::nullopt;
    upstream->id = call.id;
    upstream->method = call.method;
    upstream->params = upstream_params(call, round, era);
    upstream->caller = call.exchange->caller;
    upstream->deadline = services_.directory.call_timeout(connector);
    return services_.directory.call(connector, std::move(upstream));
}

Task<Result<runtime::CallReply>>
Calls::carry_plain(SharedCall call, std::shared_ptr<runtime::ConnectorCall> upstream) {
    auto authorized = authorize_(call);
    Denied denial;
    std::optional<CredentialedCall> credentialed;
    if (auto* refused = std::get_if<Denied>(&authorized)) {
        denial = std::move(*refused);
    } else {
        auto attached = attach_credential_(std::get<AuthorizedCall>(std::move(authorized)));
        if (auto* lacking = std::get_if<Denied>(&attached)) {
            denial = std::move(*lacking);
        } else {
            credentialed.emplace(std::get<CredentialedCall>(std::move(attached)));
        }
    }
    if (denial) {
        auto writing = services_.journal.append(describe_denial(*call, *denial));
        const auto written = co_await std::move(writing);
        co_return written ? std::move(denial->error) : written.error();
    }
    auto recorded = record_intent_(std::move(*credentialed));
    auto journaled = co_await std::move(recorded);
    if (!journaled) {
        co_return std::move(journaled).error();
    }
    const SteadyTime started = services_.clock.steady_now();
    const RoundInput no_input;
    auto dispatched = dispatch(*journaled, no_input, std::move(upstream));
    runtime::CallReply reply = co_await std::move(dispatched);
    auto recording = record_outcome(*call, reply, started);
    const auto written = co_await std::move(recording);
    if (!written) {
        co_return written.error();
    }
    co_return reply;
}

Task<HttpReply> Calls::refuse(SharedCall shared, Denied denied) {
    const McpCall& call = *shared;
    Denial& denial = *denied;
    forget_call(call);
    auto writing = services_.journal.append(describe_denial(call, denial));
    const auto written = co_await std::move(writing);
    const std::string_view id = call.message().reply_id();
    if (!written) {
        McpRefusal refusal{503, rpc_connector_failed, to_text(written.error()), ""};
        co_return refusal_reply(id, refusal);
    }
    if (denial.answer == Denial::Answer::tool_error) {
        co_return tool_error_reply(id, call.message().era, denial.error);
    }
    if (denial.answer == Denial::Answer::refusal) {
        co_return refusal_reply(id, denial.refusal);
    }
    if (denial.answer == Denial::Answer::failure) {
        runtime::CallReply failed;
        failed.failure = std::move(denial.error);
        co_return failure_reply(id, failed);
    }
    co_return refusal_reply(id, unknown_target(call));
}

} // namespace gatehouse::gateway
