// The verbs of the admin API that act on connectors: start, stop, restart, wake, call, reload.
#include "gateway/admin/admin_api.hpp"

#include <array>
#include <utility>

namespace gatehouse::gateway {

namespace {

struct ConnectorVerbEntry {
    AdminOperation operation;
    const char* action; // in the journal
    Task<Result<void>> (ConnectorControl::*act)(ConnectorName name);
};

const ConnectorVerbEntry& connector_verb(AdminOperation operation) {
    static constexpr std::array<ConnectorVerbEntry, 4> verbs{{
        {AdminOperation::connector_start, "connector.start", &ConnectorControl::start},
        {AdminOperation::connector_stop, "connector.stop", &ConnectorControl::stop},
        {AdminOperation::connector_restart, "connector.restart", &ConnectorControl::restart},
        {AdminOperation::connector_wake, "connector.wake", &ConnectorControl::wake},
    }};
    for (const ConnectorVerbEntry& verb : verbs) {
        if (verb.operation == operation) {
            return verb;
        }
    }
    return verbs.front();
}

// The failure of a verb is the connector's, so it is no fault of the request.
HttpReply failed_reply(const Error& error) {
    const int known = status_of_error(error);
    return problem_reply(known == 400 ? 502 : known, error);
}

Error bad_call(std::string why) {
    return Error{"GH-N400", "not a request for a tool call", "body", std::move(why),
                 R"(Send {"tool": NAME, "arguments": {…}} and, if wanted, "as": AGENT)"};
}

// {"tool": NAME, "arguments": {…}, "as": AGENT} of a request body.
Result<ToolCallRequest> call_in_body(std::string_view body) {
    auto parsed = parse_json(body);
    if (!parsed) {
        return std::move(parsed).error();
    }
    if (!parsed->is_object()) {
        return bad_call("it is no JSON object");
    }
    ToolCallRequest request;
    for (const auto& [key, value] : parsed->items()) {
        if (key == "tool" && value.is_string()) {
            request.tool = value.get<std::string>();
        } else if (key == "arguments" && value.is_object()) {
            request.arguments = dump_json(value);
        } else if (key == "as" && value.is_string() &&
                   plausible_admin_name(value.get<std::string>())) {
            request.as_agent = value.get<std::string>();
        } else {
            return bad_call("'" + key.substr(0, 80) + "' is not known or of a wrong type");
        }
    }
    if (request.tool.empty() || request.tool.size() > 256) {
        return bad_call("the tool's name is missing or too long");
    }
    return request;
}

Json names_json(const std::vector<std::string>& names) {
    Json list = Json::array();
    for (const std::string& name : names) {
        list.push_back(name);
    }
    return list;
}

} // namespace

Task<HttpReply> AdminApi::change_connector(AdminRoute route, std::string peer) {
    const ConnectorName name(route.name);
    const auto before = parts_.connectors.status(name);
    if (!before) {
        co_return problem_reply(404, no_such_error("connector", route.name, "ls"));
    }
    const ConnectorVerbEntry& verb = connector_verb(route.operation);
    auto announced = co_await announce(peer, verb.action, route.name);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    Task<Result<void>> action = (parts_.connectors.*verb.act)(name);
    auto done = co_await std::move(action);
    if (!done) {
        record_failure(admin_record(std::move(peer), verb.action, route.name), done.error());
        co_return failed_reply(done.error());
    }
    const auto status = parts_.connectors.status(name);
    Json json = status_json(status ? *status : *before);
    json["in_flight_before"] = before->in_flight; // of those, all were drained or told
    co_return json_reply(200, json);
}

Task<HttpReply> AdminApi::reload(std::string peer) {
    if (parts_.reloader == nullptr) {
        co_return problem_reply(501, not_available_error("reload"));
    }
    auto announced = co_await announce(peer, "reload", facts_.config_file);
    if (!announced) {
        co_return problem_reply(503, announced.error());
    }
    auto report = co_await parts_.reloader->reload();
    if (!report) {
        record_failure(admin_record(std::move(peer), "reload", facts_.config_file), report.error());
        co_return problem_reply(status_of_error(report.error()), report.error());
    }
    Json json = Json::object();
    json["added"] = names_json(report->added);
    json["changed"] = names_json(report->changed);
    json["removed"] = names_json(report->removed);
    json["unchanged"] = names_json(report->unchanged);
    json["notes"] = names_json(report->notes);
    co_return json_reply(200, json);
}

Task<HttpReply> AdminApi::call_tool(std::string connector, HttpRequest request) {
    auto call = call_in_body(request.body);
    if (!call) {
        co_return problem_reply(400, call.error());
    }
    if (!parts_.connectors.status(ConnectorName(connector))) {
        co_return problem_reply(404, no_such_error("connector", connector, "ls"));
    }
    if (parts_.tool_caller == nullptr) {
        co_return problem_reply(501, not_available_error("calling a tool"));
    }
    call->connector = std::move(connector);
    call->peer = std::move(request.peer);
    const SteadyTime begun = parts_.clock.steady_now();
    auto answer = co_await parts_.tool_caller->call(std::move(*call));
    if (!answer) {
        co_return failed_reply(answer.error());
    }
    const auto elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.steady_now() - begun);
    HttpReply reply;
    reply.body_prefix = "{\"call\":" + std::to_string(answer->call.value) +
                        ",\"instance\":" + std::to_string(answer->instance.value) +
                        ",\"elapsed_ms\":" + std::to_string(elapsed.count()) + ",\"result\":";
    reply.body = std::move(answer->result);
    reply.body_suffix = "}";
    co_return reply;
}

} // namespace gatehouse::gateway
