#include "gateway/admin/admin_api.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

template <class Infos, class ToJson>
HttpReply list_reply(const char* key, const Infos& infos, ToJson to_json) {
    Json list = Json::array();
    for (const auto& info : infos) {
        list.push_back(to_json(info));
    }
    Json json = Json::object();
    json[key] = std::move(list);
    return json_reply(200, json);
}

HttpReply refusal_reply(const AdminRefusal& refusal) {
    HttpReply reply = problem_reply(refusal.status, refusal.error);
    if (!refusal.allow.empty()) {
        reply.headers.emplace_back("Allow", refusal.allow);
    }
    return reply;
}

} // namespace

AdminApi::AdminApi(Executor executor, AdminParts parts, DaemonFacts facts)
    : executor_(std::move(executor)), parts_(parts), facts_(std::move(facts)) {}

AdminApi::~AdminApi() {
    stop();
}

std::optional<HttpReply> AdminApi::check_head(const HttpRequest& head) {
    // Belt and braces: should the API ever be put behind a TCP listener, it answers nobody.
    if (!head.peer.starts_with("uid:")) {
        return problem_reply(403, Error{"GH-A130", "the admin API is for the unix socket only", "",
                                        "the peer has no uid", "Use the gatehouse command"});
    }
    auto match = match_admin_route(head.method, head.path());
    if (const auto* refusal = std::get_if<AdminRefusal>(&match)) {
        return refusal_reply(*refusal);
    }
    return std::nullopt;
}

Task<void> AdminApi::handle(HttpRequest request, HttpResponder& responder) {
    auto match = match_admin_route(request.method, request.path());
    if (const auto* refusal = std::get_if<AdminRefusal>(&match)) {
        HttpReply refused = refusal_reply(*refusal);
        co_await responder.send(std::move(refused));
        co_return;
    }
    AdminRoute route = std::get<AdminRoute>(std::move(match));
    if (route.operation == AdminOperation::connector_logs) {
        co_await logs(std::move(route), std::move(request), responder);
        co_return;
    }
    HttpReply reply = co_await answer(std::move(route), std::move(request));
    reply.headers.emplace_back("Cache-Control", "no-store");
    co_await responder.send(std::move(reply));
}

void AdminApi::stop() {
    stopping_ = true;
    for (const auto& weak : follows_) {
        if (const auto follow = weak.lock()) {
            follow->end();
        }
    }
    follows_.clear();
}

Task<HttpReply> AdminApi::answer(AdminRoute route, HttpRequest request) {
    switch (route.operation) {
    case AdminOperation::connector_start:
    case AdminOperation::connector_stop:
    case AdminOperation::connector_restart:
        co_return co_await change_connector(std::move(route), std::move(request.peer));
    case AdminOperation::agent_create:
        co_return co_await create_agent(std::move(request));
    case AdminOperation::agent_remove:
        co_return co_await remove_agent(std::move(route.name), std::move(request.peer));
    case AdminOperation::secret_set:
        co_return co_await set_secret(std::move(route.name), std::move(request));
    case AdminOperation::secret_remove:
        co_return co_await remove_secret(std::move(route.name), std::move(request.peer));
    default:
        co_return read(route);
    }
}

HttpReply AdminApi::read(const AdminRoute& route) const {
    switch (route.operation) {
    case AdminOperation::status:
        return json_reply(
            200, daemon_json(facts_, parts_.clock.wall_now(), parts_.connectors.statuses()));
    case AdminOperation::connectors:
        return list_reply("connectors", parts_.connectors.statuses(), status_json);
    case AdminOperation::agents:
        return list_reply("agents", parts_.agents.list(), agent_json);
    case AdminOperation::secrets:
        return list_reply("secrets", parts_.vault.list(), secret_json);
    default:
        break;
    }
    const auto status = parts_.connectors.status(ConnectorName(route.name));
    return status ? json_reply(200, status_json(*status))
                  : problem_reply(404, no_such_error("connector", route.name, "ls"));
}

Task<void> AdminApi::logs(AdminRoute route, HttpRequest request, HttpResponder& responder) {
    const ConnectorName name(route.name);
    auto query = parse_log_query(request.target);
    Result<runtime::ConnectorLog*> log = no_such_error("connector", route.name, "ls");
    if (parts_.connectors.status(name)) {
        log = parts_.connectors.log(name);
    }
    if (query && log && query->follow) {
        co_await follow_log(**log, *query, responder);
        co_return;
    }
    HttpReply reply = !query ? problem_reply(400, query.error())
                      : !log ? problem_reply(log.error().code == "GH-N404" ? 404 : 503, log.error())
                             : log_page(**log, *query);
    co_await responder.send(std::move(reply));
}

Task<void> AdminApi::follow_log(runtime::ConnectorLog& log, LogQuery query,
                                HttpResponder& responder) {
    auto follow = std::make_shared<LogFollow>(executor_);
    std::erase_if(follows_, [](const auto& weak) { return weak.expired(); });
    follows_.push_back(follow);
    if (stopping_) {
        follow->end();
    }
    std::weak_ptr<LogFollow> ended_by_peer = follow;
    responder.on_disconnect([ended_by_peer] {
        if (const auto running = ended_by_peer.lock()) {
            running->end();
        }
    });
    co_await stream_log(follow, log, query, responder);
    responder.on_disconnect(nullptr);
}

} // namespace gatehouse::gateway
