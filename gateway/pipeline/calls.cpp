#include "gateway/pipeline/calls.hpp"

#include "runtime/base/counted_while.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto learn_deadline = std::chrono::seconds(60);

struct CarriedMethod {
    std::string_view name;
    bool legacy;
    bool modern;
};
constexpr std::array<CarriedMethod, 11> carried_methods{{
    {"tools/call", true, true},
    {"prompts/get", true, true},
    {"resources/read", true, true},
    {"completion/complete", true, true},
    {"resources/subscribe", true, false},
    {"resources/unsubscribe", true, false},
    {"tasks/get", true, true},
    {"tasks/cancel", true, true},
    {"tasks/result", true, false},
    {"tasks/list", true, false},
    {"tasks/update", false, true},
}};

HttpReply busy_reply(std::string_view id) {
    McpRefusal busy{503, rpc_connector_failed,
                    "GH-R706 too many calls in flight at this gateway. Try again shortly",
                    R"({"code":"GH-R706","delivery":"never_sent","retry_after_ms":1000})"};
    return refusal_reply(id, busy);
}

HttpReply not_here(const McpMessage& message) {
    McpRefusal refusal{message.era == Era::modern ? 404 : 200, rpc_method_not_found,
                       "Method not found: " + message.envelope.method.substr(0, 128), ""};
    return refusal_reply(message.reply_id(), refusal);
}

} // namespace

Calls::Calls(Executor executor, CallServices services)
    : executor_(executor), services_(services), authorize_(services.policy),
      attach_credential_(services.vault, services.directory), record_intent_(services.journal),
      states_(services.clock), task_ids_(services.clock),
      parked_(executor, services.dialogue.parking), last_call_(services.calls_before),
      tasks_(executor), dialogues_(executor, tasks_, services.dialogue.silence_max) {}

bool Calls::handles(std::string_view method) {
    return handles(method, Era::legacy) || handles(method, Era::modern);
}

bool Calls::handles(std::string_view method, Era era) {
    return std::any_of(
        carried_methods.begin(), carried_methods.end(), [&](const CarriedMethod& one) {
            return one.name == method && (era == Era::modern ? one.modern : one.legacy);
        });
}

Task<void> Calls::answer(std::shared_ptr<const Exchange> exchange,
                         std::shared_ptr<ClientSession> session, HttpResponder& responder) {
    const std::uint64_t body_bytes = exchange->http.body.size();
    if (!handles(exchange->message.envelope.method, exchange->message.era)) {
        return responder.send(not_here(exchange->message));
    }
    if (in_flight_ >= services_.calls_in_flight_max ||
        *bodies_in_flight_bytes_ + body_bytes > services_.bodies_in_flight_max_bytes) {
        return responder.send(busy_reply(exchange->message.reply_id()));
    }
    auto call = std::make_shared<McpCall>();
    call->held = HeldBytes(bodies_in_flight_bytes_, body_bytes);
    call->exchange = std::move(exchange);
    call->session = std::move(session);
    call->id = CallId{++last_call_};
    if (!resolve(*call) && !call->name.empty() && call->kind != TargetKind::task) {
        return learn_and_answer(std::move(call), responder);
    }
    return answer_resolved(std::move(call), responder);
}

// It may belong to a connector that has not run yet.
Task<void> Calls::learn_and_answer(std::shared_ptr<McpCall> call, HttpResponder& responder) {
    {
        const CountedWhile counted(in_flight_);
        // A URI has no prefix that would say whose it is.
        const bool by_uri = call->kind == TargetKind::resource || !call->completion_ref.empty();
        co_await call->request().server().learn(by_uri ? "" : call->name, learn_deadline);
    }
    const bool named = call->kind == TargetKind::tool || call->method == "prompts/get";
    if (!find_target(*call) && named) {
        call->unlearned = call->request().server().unlearned(call->name, policy_kind(call->kind));
    }
    co_await answer_resolved(std::move(call), responder);
}

Task<void> Calls::answer_resolved(SharedCall call, HttpResponder& responder) {
    const CountedWhile counted(in_flight_);
    Walk walk(dialogues_, std::move(call), responder);
    register_call(*walk.call, walk.upstream);
    const bool modern = walk.call->message().era == Era::modern;
    if (modern) {
        // MCP 2026-07-28: closing the answer's stream is the cancellation.
        auto cancel = [&walk] {
            walk.dialogue.close_stream();
            walk.upstream->cancel("the client disconnected");
        };
        responder.on_disconnect(std::move(cancel));
    }
    HttpReply reply;
    std::exception_ptr fault;
    try {
        reply = co_await run(walk);
    } catch (...) {
        fault = std::current_exception();
    }
    if (fault) {
        forget_call(*walk.call);
        co_await walk.dialogue.drop();
    } else {
        co_await walk.dialogue.finish(std::move(reply));
    }
    if (modern) {
        responder.on_disconnect(nullptr);
    }
    if (fault) {
        std::rethrow_exception(fault);
    }
}

void Calls::register_call(const McpCall& call,
                          const std::shared_ptr<runtime::ConnectorCall>& upstream) {
    if (call.session != nullptr) {
        call.session->calls.emplace(call.message().reply_id(), CallInFlight{call.id, upstream});
    }
}

void Calls::forget_call(const McpCall& call) {
    if (call.session == nullptr) {
        return;
    }
    auto& calls = call.session->calls;
    const auto [first, last] = calls.equal_range(call.message().reply_id());
    for (auto entry = first; entry != last; ++entry) {
        if (entry->second.id == call.id) {
            calls.erase(entry);
            return;
        }
    }
}

// Empty: the connector never ran.
std::optional<Era> Calls::known_era(const McpCall& call) const {
    const auto catalogue = services_.directory.known_catalogue(call.connector());
    return catalogue != nullptr ? std::optional(catalogue->era) : std::nullopt;
}

Task<void> Calls::join() {
    parked_.stop();
    dialogues_.stop();
    co_await tasks_.join();
}

} // namespace gatehouse::gateway
