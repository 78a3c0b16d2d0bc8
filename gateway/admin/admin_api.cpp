#include "gateway/admin/admin_api.hpp"

#include "runtime/base/secret.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

JournalRecord admin_record(std::string peer, std::string action, std::string target) {
    JournalRecord record;
    record.kind = RecordKind::admin;
    record.principal = std::move(peer);
    record.action = std::move(action);
    record.target = std::move(target);
    return record;
}

Error no_such(const std::string& kind, const std::string& name, const std::string& list_verb) {
    return Error{"GH-N404", "no such " + kind, name, "",
                 "See the names with `gatehouse " + list_verb + "`"};
}

// The name in {"name": …} of a request body.
Result<std::string> name_in_body(std::string_view body) {
    auto parsed = parse_json(body, 4);
    if (!parsed) {
        return std::move(parsed).error();
    }
    const auto name = parsed->is_object() ? parsed->find("name") : parsed->end();
    if (name == parsed->end() || !name->is_string() || parsed->size() != 1) {
        return Error{"GH-N400", "not a request for an agent", "body", "it must be {\"name\": TEXT}",
                     "Send exactly one key, name"};
    }
    auto text = name->get<std::string>();
    if (!plausible_admin_name(text)) {
        return Error{"GH-A110", "not a usable agent name", text.substr(0, 80),
                     "names are [a-z0-9-], 1 to 40 characters", "Choose another name"};
    }
    return text;
}

template <class Infos>
bool has_name(const Infos& infos, const std::string& name) {
    return std::any_of(infos.begin(), infos.end(),
                       [&name](const auto& info) { return info.name == name; });
}

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

HttpReply no_content() {
    HttpReply reply;
    reply.status = 204;
    reply.content_type.clear();
    return reply;
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
                  : problem_reply(404, no_such("connector", route.name, "ls"));
}

Task<HttpReply> AdminApi::change_connector(AdminRoute route, std::string peer) {
    const ConnectorName name(route.name);
    if (!parts_.connectors.status(name)) {
        co_return problem_reply(404, no_such("connector", route.name, "ls"));
    }
    const bool starts = route.operation == AdminOperation::connector_start;
    const bool stops = route.operation == AdminOperation::connector_stop;
    const std::string action = starts  ? "connector.start"
                               : stops ? "connector.stop"
                                       : "connector.restart";
    auto announced = co_await announce(peer, action, route.name);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    Task<Result<void>> change = starts  ? parts_.connectors.start(name)
                                : stops ? parts_.connectors.stop(name)
                                        : parts_.connectors.restart(name);
    auto done = co_await std::move(change);
    if (!done) {
        record_failure(admin_record(std::move(peer), action, route.name), done.error());
        const int known = status_of_error(done.error());
        co_return problem_reply(known == 400 ? 502 : known, done.error());
    }
    const auto status = parts_.connectors.status(name);
    co_return status ? json_reply(200, status_json(*status)) : no_content();
}

Task<HttpReply> AdminApi::create_agent(HttpRequest request) {
    auto name = name_in_body(request.body);
    if (!name) {
        co_return problem_reply(400, name.error());
    }
    auto announced = co_await announce(request.peer, "agent.create", *name);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    auto token = parts_.agents.create(*name);
    if (!token) {
        record_failure(admin_record(request.peer, "agent.create", *name), token.error());
        co_return problem_reply(status_of_error(token.error()), token.error());
    }
    Json json = Json::object();
    json["name"] = *name;
    json["token"] = std::string(token->reveal());
    co_return json_reply(201, json);
}

Task<HttpReply> AdminApi::remove_agent(std::string name, std::string peer) {
    if (!has_name(parts_.agents.list(), name)) {
        co_return problem_reply(404, no_such("agent", name, "agent list"));
    }
    auto announced = co_await announce(peer, "agent.remove", name);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    auto removed = parts_.agents.remove(name);
    if (!removed) {
        record_failure(admin_record(std::move(peer), "agent.remove", name), removed.error());
        co_return problem_reply(status_of_error(removed.error()), removed.error());
    }
    co_return no_content();
}

Task<HttpReply> AdminApi::set_secret(std::string name, HttpRequest request) {
    // From here the only copy of the value is one that wipes itself.
    Secret value(std::move(request.body));
    auto announced = co_await announce(request.peer, "secret.set", name);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    const SecretName secret(name);
    auto info = parts_.vault.set(secret, std::move(value));
    if (!info) {
        record_failure(admin_record(request.peer, "secret.set", name), info.error());
        co_return problem_reply(status_of_error(info.error()), info.error());
    }
    parts_.connectors.secret_changed(secret);
    co_return json_reply(200, secret_json(*info));
}

Task<HttpReply> AdminApi::remove_secret(std::string name, std::string peer) {
    if (!has_name(parts_.vault.list(), name)) {
        co_return problem_reply(404, no_such("secret", name, "secret list"));
    }
    auto announced = co_await announce(peer, "secret.remove", name);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    const SecretName secret(name);
    auto removed = parts_.vault.remove(secret);
    if (!removed) {
        record_failure(admin_record(std::move(peer), "secret.remove", name), removed.error());
        co_return problem_reply(status_of_error(removed.error()), removed.error());
    }
    // A withdrawn secret must not live on in running connectors.
    parts_.connectors.secret_changed(secret);
    co_return no_content();
}

Task<void> AdminApi::logs(AdminRoute route, HttpRequest request, HttpResponder& responder) {
    const ConnectorName name(route.name);
    auto query = parse_log_query(request.target);
    Result<runtime::ConnectorLog*> log = no_such("connector", route.name, "ls");
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

Task<Result<std::uint64_t>> AdminApi::announce(std::string peer, std::string action,
                                               std::string target) {
    JournalRecord record = admin_record(std::move(peer), std::move(action), std::move(target));
    return parts_.journal.append(std::move(record));
}

void AdminApi::record_failure(const JournalRecord& announced, const Error& error) {
    JournalRecord record = announced;
    record.outcome = "failed";
    record.reason = error.code;
    parts_.journal.append_later(std::move(record));
}

} // namespace gatehouse::gateway
