#include "gateway/pipeline/endpoint.hpp"

#include "gateway/mcp/lifecycle_results.hpp"
#include "gateway/pipeline/endpoint_methods.hpp"
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
        servers.emplace(one.name.str(), std::make_shared<VirtualServer>(executor, one, directory));
    }
    return servers;
}

HttpReply method_not_allowed() {
    HttpReply reply = problem_reply(
        405, Error{"GH-M413", "the method is not allowed here", "", "",
                   "Send MCP messages with POST; GET and DELETE need the header Mcp-Session-Id"});
    reply.headers.emplace_back("Allow", "POST, GET, DELETE");
    return reply;
}

// params.cursor; false if it is there and no string.
bool read_cursor(std::string_view params, std::string& cursor) {
    const auto raw = params.empty() ? std::nullopt : runtime::find_member(params, "cursor");
    auto text = raw ? runtime::string_value(*raw) : std::string();
    if (text) {
        cursor = std::move(*text);
    }
    return text.has_value();
}

} // namespace

std::optional<runtime::ListKind> list_kind(std::string_view method) {
    using runtime::ListKind;
    for (const ListKind kind :
         {ListKind::tools, ListKind::prompts, ListKind::resources, ListKind::resource_templates}) {
        if (runtime::list_method(kind) == method) {
            return kind;
        }
    }
    return std::nullopt;
}

HttpReply method_not_found(const McpMessage& message) {
    McpRefusal refusal{message.era == Era::modern ? 404 : 200, rpc_method_not_found,
                       "Method not found: " + message.envelope.method.substr(0, 128), ""};
    return refusal_reply(message.reply_id(), refusal);
}

McpEndpoint::McpEndpoint(Executor executor, const GatewayConfig& config,
                         const AgentRegistry& agents, CallServices services)
    : executor_(executor), clock_(services.clock), policy_(services.policy),
      journal_(services.journal), directory_(services.directory),
      servers_(make_servers(executor, config, services.directory)),
      host_check_(config.public_url, config.allowed_hosts), authenticate_(agents), route_(servers_),
      sessions_(services.clock, config.limits.sessions, session_idle_max),
      calls_(executor, services), subscriptions_(executor, calls_),
      notices_(executor, servers_, sessions_, subscriptions_, calls_, policy_),
      operator_calls_(executor, {agents, servers_, services.directory, calls_}),
      batch_parts_(executor) {
    sessions_.set_end_handler([this](ClientSession& session) { on_session_end(session); });
}

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
    if ((head.method != "GET" && head.method != "DELETE") || !head.header("Mcp-Session-Id")) {
        return method_not_allowed();
    }
    return head.method == "GET" ? check_get_headers(head) : std::nullopt;
}

// The request's admission and decoding; a reply if that is where it ends.
std::optional<HttpReply> McpEndpoint::admit_and_decode(Exchange& exchange) {
    if (!exchange.routed) {
        auto admitted = admit(exchange.http);
        if (const auto* refused = std::get_if<Refused>(&admitted)) {
            return refused_reply(*refused);
        }
        exchange.routed.emplace(std::get<RoutedRequest>(std::move(admitted)));
    }
    if (exchange.http.method != "POST" || is_batch(exchange.http.body)) {
        return std::nullopt;
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
    const std::string& method = exchange->http.method;
    if (method != "POST") {
        return method == "GET" ? answer_get(*exchange->routed, responder)
                               : responder.send(end_session(*exchange->routed));
    }
    if (is_batch(exchange->http.body)) {
        return answer_batch(std::move(exchange), responder);
    }
    return exchange->message.era == Era::modern ? answer_modern(std::move(exchange), responder)
                                                : answer_legacy(std::move(exchange), responder);
}

Task<void> McpEndpoint::answer_modern(SharedExchange exchange, HttpResponder& responder) {
    McpMessage& message = exchange->message;
    if (message.envelope.kind != runtime::MessageKind::request) {
        return responder.send(empty_reply(202));
    }
    auto client = known_clients_.find(exchange->routed->principal().id(),
                                      message.client_capabilities, message.client_info);
    message.client = client->text;
    exchange->caller = std::move(client);
    const std::string& method = message.envelope.method;
    if (Calls::handles(method, Era::modern)) {
        return calls_.answer(std::move(exchange), nullptr, responder);
    }
    if (const auto kind = list_kind(method)) {
        return answer_list(std::move(exchange), *kind, responder);
    }
    if (method == "server/discover") {
        return answer_discover(std::move(exchange), responder);
    }
    if (method == "subscriptions/listen") {
        return subscriptions_.answer(std::move(exchange), responder);
    }
    return responder.send(method_not_found(message));
}

Task<void> McpEndpoint::answer_discover(SharedExchange exchange, HttpResponder& responder) {
    VirtualServer& server = exchange->routed->server();
    auto learning = server.learn_all(list_deadline);
    co_await std::move(learning);
    HttpReply reply =
        result_reply(exchange->message.reply_id(), discover_result(server, *exchange->caller));
    co_await responder.send(std::move(reply));
}

Task<void> McpEndpoint::answer_list(SharedExchange exchange, runtime::ListKind kind,
                                    HttpResponder& responder) {
    const McpMessage& message = exchange->message;
    VirtualServer& server = exchange->routed->server();
    auto learning = server.learn_all(list_deadline);
    co_await std::move(learning);
    ListRequest request;
    request.kind = kind;
    request.era = message.era;
    request.caller = exchange->caller;
    request.principal = exchange->routed->principal().id();
    request.policy = &policy_;
    HttpReply reply;
    if (!server.offers(kind, *exchange->caller)) {
        reply = method_not_found(message);
    } else if (!read_cursor(message.envelope.params, request.cursor)) {
        const McpRefusal refusal{200, rpc_invalid_params, "params.cursor is not a string", ""};
        reply = refusal_reply(message.reply_id(), refusal);
    } else {
        auto listing = server.list(std::move(request));
        auto listed = co_await std::move(listing);
        if (listed) {
            reply = result_reply(message.reply_id(), std::move(*listed));
        } else {
            const bool bad_cursor = listed.error().code == "GH-M425";
            const McpRefusal refusal{200, bad_cursor ? rpc_invalid_params : rpc_connector_failed,
                                     to_text(listed.error()), ""};
            reply = refusal_reply(message.reply_id(), refusal);
        }
    }
    co_await responder.send(std::move(reply));
}

void McpEndpoint::stop() {
    subscriptions_.stop();
    sessions_.each([](ClientSession& session) { session.close_standalone(); });
}

Task<void> McpEndpoint::join() {
    co_await batch_parts_.join();
    co_await calls_.join();
}

} // namespace gatehouse::gateway
