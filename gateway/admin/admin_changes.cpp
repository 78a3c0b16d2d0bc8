// The changes of the admin API: announced to the journal, then done.
#include "gateway/admin/admin_api.hpp"

#include "runtime/base/secret.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

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

HttpReply no_content() {
    HttpReply reply;
    reply.status = 204;
    reply.content_type.clear();
    return reply;
}

} // namespace

Task<HttpReply> AdminApi::change(AdminRoute route, HttpRequest request) {
    switch (route.operation) {
    case AdminOperation::reload:
        return reload(std::move(request.peer));
    case AdminOperation::connector_call:
        return call_tool(std::move(route.name), std::move(request));
    case AdminOperation::agent_create:
        return create_agent(std::move(request));
    case AdminOperation::agent_remove:
        return remove_agent(std::move(route.name), std::move(request.peer));
    case AdminOperation::secret_set:
        return set_secret(std::move(route.name), std::move(request));
    case AdminOperation::secret_remove:
        return remove_secret(std::move(route.name), std::move(request.peer));
    default:
        return change_connector(std::move(route), std::move(request.peer));
    }
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
        co_return problem_reply(404, no_such_error("agent", name, "agent list"));
    }
    auto announced = co_await announce(peer, "agent.remove", name);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    const auto agent = parts_.agents.find(name);
    auto removed = parts_.agents.remove(name);
    if (!removed) {
        record_failure(admin_record(std::move(peer), "agent.remove", name), removed.error());
        co_return problem_reply(status_of_error(removed.error()), removed.error());
    }
    // A stream that is open asks for no token any more, so that it must end by itself.
    if (agent && parts_.on_agent_removed) {
        parts_.on_agent_removed(agent->id());
    }
    co_return no_content();
}

Task<HttpReply> AdminApi::set_secret(std::string name, HttpRequest request) {
    // From here the only copy of the value is one that wipes itself.
    Secret value(std::move(request.body));
    if (value.reveal().find('\0') != std::string_view::npos) {
        const Error unusable{"GH-A109", "the secret's value cannot be used", name,
                             "it holds a NUL byte, which no environment variable can",
                             "give the value as text on standard input"};
        co_return problem_reply(400, unusable);
    }
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
        co_return problem_reply(404, no_such_error("secret", name, "secret list"));
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

JournalRecord AdminApi::admin_record(std::string peer, std::string action, std::string target) {
    JournalRecord record;
    record.kind = RecordKind::admin;
    record.principal = std::move(peer);
    record.action = std::move(action);
    record.target = std::move(target);
    return record;
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
