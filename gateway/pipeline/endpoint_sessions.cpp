// What clients of the legacy era do: sessions, their requests and their streams.
#include "gateway/mcp/lifecycle_results.hpp"
#include "gateway/pipeline/endpoint.hpp"
#include "gateway/pipeline/endpoint_methods.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto initialize_deadline = std::chrono::seconds(60);

// Where one id stands for several calls in flight, nobody can tell which is meant: none is
// cancelled.
void cancel_call(const ClientSession& session, std::string_view params) {
    const auto id = params.empty() ? std::nullopt : runtime::find_member(params, "requestId");
    if (!id || session.calls.count(*id) != 1) {
        return;
    }
    if (const auto call = session.calls.find(*id)->second.call.lock()) {
        call->cancel("the client cancelled it");
    }
}

} // namespace

// The session a request belongs to, whose version its header may not contradict.
std::variant<McpEndpoint::SharedSession, McpRefusal>
McpEndpoint::session_of(const RoutedRequest& request) {
    const auto id = request.http().header("Mcp-Session-Id");
    if (!id) {
        return McpRefusal{400, rpc_invalid_request,
                          "Header Mcp-Session-Id is missing: initialize first", ""};
    }
    auto session = sessions_.find(*id, request.principal().id(), request.server().config().name);
    if (session == nullptr) {
        return McpRefusal{404, rpc_invalid_request, "Session not found: initialize a new one", ""};
    }
    if (auto refusal = check_session_version(request.http(), session->protocol_version)) {
        return std::move(*refusal);
    }
    return session;
}

Task<void> McpEndpoint::answer_legacy(SharedExchange exchange, HttpResponder& responder) {
    const McpMessage& message = exchange->message;
    const bool is_request = message.envelope.kind == runtime::MessageKind::request;
    if (is_request && message.envelope.method == "initialize") {
        return answer_initialize(std::move(exchange), responder);
    }
    auto found = session_of(*exchange->routed);
    if (const auto* refusal = std::get_if<McpRefusal>(&found)) {
        return responder.send(refusal_reply(message.reply_id(), *refusal));
    }
    SharedSession session = std::get<SharedSession>(std::move(found));
    if (!is_request) {
        accept_notification(*session, message);
        return responder.send(empty_reply(202));
    }
    return answer_request(std::move(exchange), std::move(session), responder);
}

Task<void> McpEndpoint::answer_request(SharedExchange exchange, SharedSession session,
                                       HttpResponder& responder) {
    const McpMessage& message = exchange->message;
    const std::string& method = message.envelope.method;
    exchange->caller = session->caller;
    exchange->message.client = session->client;
    const bool too_old = method.starts_with("tasks/") && session->protocol_version < "2025-11-25";
    if (Calls::handles(method, Era::legacy) && !too_old) {
        return calls_.answer(std::move(exchange), std::move(session), responder);
    }
    if (const auto kind = list_kind(method)) {
        return answer_list(std::move(exchange), *kind, responder);
    }
    if (method == "ping") {
        return responder.send(result_reply(message.reply_id(), "{}"));
    }
    if (method == "logging/setLevel") {
        return responder.send(set_log_level(*session, message));
    }
    return responder.send(method_not_found(message));
}

Task<void> McpEndpoint::answer_initialize(SharedExchange exchange, HttpResponder& responder) {
    auto learning = exchange->routed->server().learn_all(initialize_deadline);
    co_await std::move(learning);
    HttpReply reply = start_session(*exchange);
    co_await responder.send(std::move(reply));
}

HttpReply McpEndpoint::start_session(const Exchange& exchange) {
    const RoutedRequest& request = *exchange.routed;
    const McpMessage& message = exchange.message;
    const auto session = sessions_.create(request.principal().id(), request.server().config().name);
    if (session == nullptr) {
        McpRefusal full{503, rpc_connector_failed,
                        "GH-R705 all client sessions of this gateway are in use. Try again later, "
                        "or raise limits.sessions",
                        R"({"code":"GH-R705"})"};
        return refusal_reply(message.reply_id(), full);
    }
    auto client = std::make_shared<KnownClient>(describe_client(
        request.principal().id(), message.client_capabilities, message.client_info));
    client->session = session->id.str();
    session->client = client->text;
    session->caller = std::move(client);
    session->protocol_version = negotiated_version(message.envelope.params);
    HttpReply reply = result_reply(
        message.reply_id(),
        initialize_result(request.server(), session->protocol_version, *session->caller));
    reply.headers.emplace_back("Mcp-Session-Id", session->id.str());
    return reply;
}

HttpReply McpEndpoint::end_session(const RoutedRequest& request) {
    const auto found = session_of(request);
    if (const auto* refusal = std::get_if<McpRefusal>(&found)) {
        return refusal_reply("null", *refusal);
    }
    sessions_.remove(std::get<SharedSession>(found)->id);
    return empty_reply(204);
}

void McpEndpoint::on_session_end(ClientSession& session) {
    // Cancelling resumes calls that erase themselves from the session, so walk over a copy.
    const auto calls = session.calls;
    for (const auto& [request_id, in_flight] : calls) {
        if (const auto alive = in_flight.call.lock()) {
            alive->cancel("the client's session ended");
        }
    }
    for (const auto& [connector, uri] : std::exchange(session.watched, {})) {
        directory_.unwatch_resource(ConnectorName(connector), *session.caller, uri);
    }
    directory_.session_ended(session.id.str());
}

// The standalone stream, or the one that Last-Event-ID names, from behind that event on.
Task<void> McpEndpoint::answer_get(const RoutedRequest& request, HttpResponder& responder) {
    const auto found = session_of(request);
    if (const auto* refusal = std::get_if<McpRefusal>(&found)) {
        return responder.send(refusal_reply("null", *refusal));
    }
    ClientSession& session = *std::get<SharedSession>(found);
    if (const auto last_event = request.http().header("Last-Event-ID")) {
        const auto resumed = session.resume(*last_event);
        if (resumed.stream != nullptr) {
            return MessageStream::serve(resumed.stream, responder, resumed.after);
        }
    }
    return MessageStream::serve(session.standalone(executor_), responder,
                                MessageStream::behind_delivered);
}

// A notification, or the client's response to a request of ours.
void McpEndpoint::accept_notification(ClientSession& session, const McpMessage& message) {
    const runtime::Envelope& envelope = message.envelope;
    if (envelope.kind == runtime::MessageKind::response) {
        stray_responses_ += session.settle(envelope.id, envelope.result, envelope.error) ? 0 : 1;
    } else if (envelope.method == "notifications/initialized") {
        session.initialized = true;
    } else if (envelope.method == "notifications/cancelled") {
        cancel_call(session, envelope.params);
    } else if (envelope.method == "notifications/roots/list_changed") {
        directory_.roots_changed(*session.caller);
    }
}

HttpReply McpEndpoint::set_log_level(ClientSession& session, const McpMessage& message) {
    const std::string_view params = message.envelope.params;
    const auto raw = params.empty() ? std::nullopt : runtime::find_member(params, "level");
    const auto level = raw ? runtime::string_value(*raw) : std::nullopt;
    if (!level || !runtime::severity_of(*level)) {
        const McpRefusal refusal{200, rpc_invalid_params,
                                 "params.level is not one of debug, info, notice, warning, error, "
                                 "critical, alert, emergency",
                                 ""};
        return refusal_reply(message.reply_id(), refusal);
    }
    session.log_level = *level;
    return result_reply(message.reply_id(), "{}");
}

} // namespace gatehouse::gateway
