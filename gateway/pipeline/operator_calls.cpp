#include "gateway/pipeline/operator_calls.hpp"

#include "gateway/mcp/client_facts.hpp"
#include "runtime/base/counted_while.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto operator_start_deadline = std::chrono::seconds(120);
constexpr std::string_view operator_client =
    R"({"name":"gatehouse call","version":")" GATEHOUSE_VERSION R"("})";

bool exposes_connector(const VirtualServer& server, const ConnectorName& name) {
    return std::ranges::any_of(server.config().connectors,
                               [&](const ExposedConnector& one) { return one.name == name; });
}

// The connector alone, with every tool under its own name.
std::shared_ptr<VirtualServer> direct_server(const Executor& executor, const ConnectorName& name,
                                             runtime::ConnectorDirectory& directory) {
    VirtualServerConfig config;
    ExposedConnector exposed;
    exposed.name = name;
    config.connectors.push_back(std::move(exposed));
    return std::make_shared<VirtualServer>(executor, std::move(config), directory);
}

std::string tool_call_body(std::string_view tool, std::string_view arguments) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":)" + json_quote(tool) +
           ",\"arguments\":" + std::string(arguments) + "}}";
}

Error unknown_tool(const ToolCallRequest& request) {
    return Error{"GH-N404", "connector " + request.connector + " has no such tool", request.tool,
                 "", "See them with: gatehouse tools " + request.connector};
}

// A reply that is no result, as an error.
Error failure_of(const runtime::CallReply& reply, const ToolCallRequest& request) {
    if (reply.end != runtime::CallEnd::error) {
        Error failure = reply.failure;
        if (failure.code.empty()) {
            failure = Error{"GH-M420", "the call failed", request.tool, to_text(reply.end), ""};
        }
        return failure;
    }
    const auto message = runtime::find_member(reply.body(), "message");
    const auto text = message ? runtime::string_value(*message) : std::nullopt;
    return Error{"GH-M420", "connector " + request.connector + " refused the call", request.tool,
                 text.value_or(std::string(reply.body().substr(0, 512))),
                 "Check the tool's name and arguments with: gatehouse tools " + request.connector};
}

} // namespace

Result<RoutedRequest> OperatorRoute::as_agent(const HttpRequest& http, Principal agent,
                                              std::shared_ptr<VirtualServer> server) {
    if (!audience_contains(server->config().audience, agent.name())) {
        return Error{"GH-N404", "no such virtual server", server->config().name.str(),
                     "its audience does not include agent " + agent.name(),
                     "Add the agent to its audience in the gateway file"};
    }
    return RoutedRequest(http, std::move(agent), std::move(server));
}

RoutedRequest OperatorRoute::as_operator(const HttpRequest& http,
                                         std::shared_ptr<VirtualServer> server) {
    return RoutedRequest(http, Principal::of_operator(http.peer), std::move(server));
}

Task<Result<ToolCallAnswer>> OperatorCalls::call(ToolCallRequest request) {
    const ConnectorName connector(request.connector);
    if (!parts_.directory.contains(connector)) {
        co_return Error{"GH-N404", "no such connector", request.connector, "",
                        "See them with: gatehouse ls"};
    }
    // Its tools and their schemas are known only once it ran.
    auto learning = parts_.directory.catalogue(connector, operator_start_deadline);
    const auto catalogue = co_await std::move(learning);
    if (!catalogue) {
        co_return catalogue.error();
    }
    auto exchange = exchange_of(request);
    if (!exchange) {
        co_return std::move(exchange).error();
    }
    auto calling = parts_.calls.call_plain(std::move(*exchange));
    auto done = co_await std::move(calling);
    if (!done) {
        const bool unknown = done.error().code == "GH-N405" && request.as_agent.empty();
        co_return unknown ? unknown_tool(request) : std::move(done).error();
    }
    const runtime::CallReply& reply = done->reply;
    if (reply.end != runtime::CallEnd::result) {
        co_return failure_of(reply, request);
    }
    co_return ToolCallAnswer{std::string(reply.body()), done->id, reply.instance};
}

// The first by name that shows the tool; else one that at least the agent may use, so that the
// refusal is decided and journalled where every call is.
Result<OperatorCalls::Way> OperatorCalls::way_of_agent(const ToolCallRequest& request,
                                                       const Principal& agent) const {
    const ConnectorName connector(request.connector);
    Way way;
    for (const auto& [name, server] : parts_.servers) {
        if (!audience_contains(server->config().audience, agent.name()) ||
            !exposes_connector(*server, connector)) {
            continue;
        }
        for (const ServedTool& tool : server->served()->tools()) {
            if (tool.exposed->connector == connector &&
                tool.exposed->upstream_name == request.tool) {
                return Way{server, tool.exposed->name};
            }
        }
        if (way.server == nullptr) {
            way = Way{server, request.tool};
        }
    }
    if (way.server == nullptr) {
        return Error{"GH-N404", "agent " + agent.name() + " cannot reach the connector",
                     request.connector,
                     "no virtual server that has the agent in its audience shows it",
                     "Add the agent to the audience of one that does, in the gateway file"};
    }
    return way;
}

Result<std::shared_ptr<Exchange>> OperatorCalls::exchange_of(const ToolCallRequest& request) const {
    auto exchange = std::make_shared<Exchange>();
    HttpRequest& http = exchange->http;
    http.method = "POST";
    http.peer = request.peer;
    std::string name = request.tool;
    if (request.as_agent.empty()) {
        exchange->routed.emplace(OperatorRoute::as_operator(
            http, direct_server(executor_, ConnectorName(request.connector), parts_.directory)));
    } else {
        auto agent = parts_.agents.find(request.as_agent);
        if (!agent) {
            return Error{"GH-N404", "no such agent", request.as_agent, "",
                         "See them with: gatehouse agent list"};
        }
        auto way = way_of_agent(request, *agent);
        if (!way) {
            return std::move(way).error();
        }
        name = std::move(way->name);
        auto routed = OperatorRoute::as_agent(http, std::move(*agent), std::move(way->server));
        if (!routed) {
            return std::move(routed).error();
        }
        exchange->routed.emplace(std::move(*routed));
    }
    http.body = tool_call_body(name, request.arguments);
    auto envelope = runtime::read_envelope(http.body);
    if (!envelope) {
        return std::move(envelope).error();
    }
    exchange->message.envelope = std::move(*envelope);
    auto caller = std::make_shared<KnownClient>(
        describe_client(exchange->routed->principal().id(), "{}", operator_client));
    exchange->message.client = caller->text;
    exchange->caller = std::move(caller);
    return exchange;
}

Task<Result<Calls::Plain>> Calls::call_plain(std::shared_ptr<const Exchange> exchange) {
    const std::uint64_t body_bytes = exchange->http.body.size();
    if (in_flight_ >= services_.calls_in_flight_max ||
        *bodies_in_flight_bytes_ + body_bytes > services_.bodies_in_flight_max_bytes) {
        co_return Error{"GH-R706", "too many calls in flight at this gateway", "", "",
                        "Try again shortly"};
    }
    const CountedWhile counted(in_flight_);
    auto call = std::make_shared<McpCall>();
    call->held = HeldBytes(bodies_in_flight_bytes_, body_bytes);
    call->exchange = std::move(exchange);
    call->id = CallId{++last_call_};
    resolve(*call);
    const CallId id = call->id;
    auto carrying = carry_plain(std::move(call), std::make_shared<runtime::ConnectorCall>());
    auto reply = co_await std::move(carrying);
    if (!reply) {
        co_return std::move(reply).error();
    }
    co_return Plain{id, std::move(*reply)};
}

} // namespace gatehouse::gateway
