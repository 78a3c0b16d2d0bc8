#include "gateway/pipeline/endpoint.hpp"

#include "gateway/mcp/lifecycle_results.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto session_idle_max = std::chrono::minutes(30);
constexpr auto list_deadline = std::chrono::seconds(60);
constexpr int refusals_per_second_max = 20;

VirtualServers make_servers(const Executor& executor, const GatewayConfig& config,
                            runtime::ConnectorDirectory& directory) {
    VirtualServers servers;
    for (const VirtualServerConfig& one : config.virtual_servers) {
        servers.emplace(one.name.str(), std::make_unique<VirtualServer>(executor, one, directory));
    }
    return servers;
}

HttpReply method_not_found(const McpMessage& message) {
    McpRefusal refusal{message.era == Era::modern ? 404 : 200, rpc_method_not_found,
                       "Method not found: " + message.envelope.method.substr(0, 128), ""};
    return refusal_reply(message.reply_id(), refusal);
}

HttpReply method_not_allowed() {
    HttpReply reply =
        problem_reply(405, Error{"GH-M413", "the method is not allowed here", "", "",
                                 "Send MCP messages with POST; this server offers no GET stream"});
    reply.headers.emplace_back("Allow", "POST, DELETE");
    return reply;
}

} // namespace

McpEndpoint::McpEndpoint(Executor executor, const GatewayConfig& config,
                         const AgentRegistry& agents, CallServices services)
    : clock_(services.clock), policy_(services.policy), journal_(services.journal),
      servers_(make_servers(executor, config, services.directory)),
      host_check_(config.public_url, config.allowed_hosts), authenticate_(agents), route_(servers_),
      sessions_(services.clock, config.limits.sessions, session_idle_max),
      calls_(executor, services) {}

std::variant<RoutedRequest, McpEndpoint::Refused>
McpEndpoint::admit(const HttpRequest& request) const {
    const auto checked = host_check_(request);
    if (!checked) {
        return Refused{403, checked.error()};
    }
    auto authenticated = authenticate_(*checked);
    if (!authenticated) {
        return Refused{401, std::move(authenticated).error()};
    }
    auto routed = route_(std::move(*authenticated));
    if (!routed) {
        return Refused{404, std::move(routed).error()};
    }
    return std::move(*routed);
}

HttpReply McpEndpoint::refused_reply(const Refused& refused) const {
    HttpReply reply = problem_reply(refused.http_status, refused.error);
    if (refused.http_status == 401) {
        // RFC 6750 section 3: no error code where no token was sent.
        const bool sent = refused.error.code != "GH-A120";
        reply.headers.emplace_back("WWW-Authenticate",
                                   sent ? R"(Bearer realm="gatehouse", error="invalid_token")"
                                        : R"(Bearer realm="gatehouse")");
    }
    return reply;
}

void McpEndpoint::record_refusal(const HttpRequest& request, const Refused& refused) {
    // Strangers must not be able to fill the journal: so many a second, the rest stays unrecorded.
    const SteadyTime now = clock_.steady_now();
    if (now - refusal_window_ >= std::chrono::seconds(1)) {
        refusal_window_ = now;
        refusals_in_window_ = 0;
    }
    if (++refusals_in_window_ > refusals_per_second_max) {
        return;
    }
    JournalRecord record;
    record.kind = RecordKind::sign_in_refused;
    record.address = request.peer;
    record.target = std::string(request.path().substr(0, 256));
    record.reason = refused.error.code;
    journal_.append_later(std::move(record));
}

std::optional<HttpReply> McpEndpoint::check_head(const HttpRequest& head) {
    if (head.path() == "/healthz") {
        return std::nullopt;
    }
    const auto admitted = admit(head);
    if (const auto* refused = std::get_if<Refused>(&admitted)) {
        record_refusal(head, *refused);
        return refused_reply(*refused);
    }
    if (head.method == "POST") {
        return check_post_headers(head);
    }
    return head.method == "DELETE" ? std::nullopt : std::optional(method_not_allowed());
}

// The request's admission and decoding; a reply if that is where it ends.
std::optional<HttpReply> McpEndpoint::admit_and_decode(Exchange& exchange) {
    auto admitted = admit(exchange.http);
    if (const auto* refused = std::get_if<Refused>(&admitted)) {
        return refused_reply(*refused);
    }
    exchange.routed.emplace(std::get<RoutedRequest>(std::move(admitted)));
    if (exchange.http.method != "POST") {
        return end_session(*exchange.routed);
    }
    auto decoded = decode_message(exchange.http);
    if (const auto* refusal = std::get_if<DecodeRefusal>(&decoded)) {
        return refusal_reply(refusal->id, refusal->refusal);
    }
    exchange.message = std::get<McpMessage>(std::move(decoded));
    return std::nullopt;
}

// No coroutine itself, nor what it calls before the first wait: each would cost a call a frame.
Task<void> McpEndpoint::handle(HttpRequest request, HttpResponder& responder) {
    if (request.path() == "/healthz") {
        HttpReply alive;
        alive.content_type = "text/plain";
        alive.body = "ok\n";
        return responder.send(std::move(alive));
    }
    auto exchange = std::make_shared<Exchange>();
    exchange->http = std::move(request);
    if (auto reply = admit_and_decode(*exchange)) {
        return responder.send(std::move(*reply));
    }
    return exchange->message.era == Era::modern ? answer_modern(std::move(exchange), responder)
                                                : answer_legacy(std::move(exchange), responder);
}

Task<void> McpEndpoint::answer_modern(std::shared_ptr<const Exchange> exchange,
                                      HttpResponder& responder) {
    const McpMessage& message = exchange->message;
    if (message.envelope.kind != runtime::MessageKind::request) {
        return responder.send(empty_reply(202));
    }
    if (message.envelope.method == "tools/call") {
        return calls_.answer(std::move(exchange), nullptr, responder);
    }
    if (message.envelope.method == "server/discover") {
        return answer_discover(std::move(exchange), responder);
    }
    if (message.envelope.method == "tools/list") {
        return answer_tools_list(std::move(exchange), responder);
    }
    return responder.send(method_not_found(message));
}

Task<void> McpEndpoint::answer_discover(std::shared_ptr<const Exchange> exchange,
                                        HttpResponder& responder) {
    VirtualServer& server = exchange->routed->server();
    co_await server.learn("", list_deadline);
    HttpReply reply = result_reply(exchange->message.reply_id(), discover_result(server));
    co_await responder.send(std::move(reply));
}

Task<void> McpEndpoint::answer_initialize(std::shared_ptr<const Exchange> exchange,
                                          HttpResponder& responder) {
    co_await exchange->routed->server().learn("", list_deadline);
    HttpReply reply = start_session(*exchange);
    co_await responder.send(std::move(reply));
}

Task<void> McpEndpoint::answer_tools_list(std::shared_ptr<const Exchange> exchange,
                                          HttpResponder& responder) {
    std::string result = co_await tools_result(*exchange->routed, exchange->message.era);
    HttpReply reply = result_reply(exchange->message.reply_id(), std::move(result));
    co_await responder.send(std::move(reply));
}

Task<void> McpEndpoint::answer_legacy(std::shared_ptr<const Exchange> exchange,
                                      HttpResponder& responder) {
    const McpMessage& message = exchange->message;
    const std::string& method = message.envelope.method;
    if (method == "initialize" && message.has_id()) {
        return answer_initialize(std::move(exchange), responder);
    }
    const auto id = exchange->http.header("Mcp-Session-Id");
    const auto session = id ? sessions_.find(*id, exchange->routed->principal().id(),
                                             exchange->routed->server().config().name)
                            : nullptr;
    if (session == nullptr) {
        McpRefusal refusal{id ? 404 : 400, rpc_invalid_request,
                           id ? "Session not found: initialize a new one"
                              : "Header Mcp-Session-Id is missing: initialize first",
                           ""};
        return responder.send(refusal_reply(message.reply_id(), refusal));
    }
    if (message.envelope.kind != runtime::MessageKind::request) {
        if (method == "notifications/cancelled") {
            cancel_call(*session, message.envelope.params);
        }
        return responder.send(empty_reply(202));
    }
    if (method == "tools/call") {
        return calls_.answer(std::move(exchange), session, responder);
    }
    if (method == "tools/list") {
        return answer_tools_list(std::move(exchange), responder);
    }
    return responder.send(method == "ping" ? result_reply(message.reply_id(), "{}")
                                           : method_not_found(message));
}

HttpReply McpEndpoint::start_session(const Exchange& exchange) {
    const RoutedRequest& request = *exchange.routed;
    const auto session = sessions_.create(request.principal().id(), request.server().config().name);
    if (session == nullptr) {
        McpRefusal full{503, rpc_connector_failed,
                        "GH-R705 all client sessions of this gateway are in use. Try again later, "
                        "or raise limits.sessions",
                        R"({"code":"GH-R705"})"};
        return refusal_reply(exchange.message.reply_id(), full);
    }
    session->client = exchange.message.client;
    session->protocol_version = negotiated_version(exchange.message.envelope.params);
    HttpReply reply = result_reply(exchange.message.reply_id(),
                                   initialize_result(request.server(), session->protocol_version));
    reply.headers.emplace_back("Mcp-Session-Id", session->id.str());
    return reply;
}

HttpReply McpEndpoint::end_session(const RoutedRequest& request) {
    const auto id = request.http().header("Mcp-Session-Id");
    const auto session =
        id ? sessions_.find(*id, request.principal().id(), request.server().config().name)
           : nullptr;
    if (session == nullptr) {
        return empty_reply(id ? 404 : 400);
    }
    // Cancelling resumes calls that erase themselves from the session, so walk over a copy.
    const auto calls = session->calls;
    for (const auto& [request_id, in_flight] : calls) {
        if (const auto alive = in_flight.call.lock()) {
            alive->cancel("the client ended its session");
        }
    }
    sessions_.remove(session->id);
    return empty_reply(204);
}

Task<std::string> McpEndpoint::tools_result(const RoutedRequest& request, Era era) {
    VirtualServer& server = request.server();
    co_await server.learn("", list_deadline);
    const auto served = server.served();
    std::string tools;
    for (const ServedTool& tool : served->tools()) {
        PolicyQuestion question;
        question.principal = request.principal().id().str();
        question.virtual_server = server.config().name.str();
        question.connector = tool.exposed->connector.str();
        question.tool = tool.exposed->upstream_name;
        if (policy_.may_ever_allow(question)) {
            tools += tools.empty() ? "" : ",";
            tools += tool.exposed->definition;
        }
    }
    co_return era == Era::modern
        ? R"({"resultType":"complete","ttlMs":0,"cacheScope":"private","tools":[)" + tools + "]}"
        : "{\"tools\":[" + tools + "]}";
}

void McpEndpoint::cancel_call(const ClientSession& session, std::string_view params) {
    if (params.empty()) {
        return;
    }
    const auto id = runtime::find_member(params, "requestId");
    // Where one id stands for several calls in flight, nobody can tell which is meant: none is
    // cancelled.
    if (!id || session.calls.count(*id) != 1) {
        return;
    }
    if (const auto call = session.calls.find(*id)->second.call.lock()) {
        call->cancel("the client cancelled it");
    }
}

Task<void> McpEndpoint::join() {
    co_await calls_.join();
}

} // namespace gatehouse::gateway
