#include "gateway/admin/admin_api.hpp"

#include "gateway/admin/doctor.hpp"
#include "gateway/admin/log_reading.hpp"
#include "gateway/admin/revision_span.hpp"
#include "runtime/base/cause_codes.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
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

// Last-Event-ID of a follower that connects again goes before the query it repeats.
template <class Query>
void resume_after(Query& query, std::optional<std::string_view> last_event_id) {
    std::uint64_t seq = 0;
    const std::string_view text = last_event_id.value_or("");
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seq);
    if (!text.empty() && problem == std::errc{} && end == text.data() + text.size()) {
        query.after = seq;
    }
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
    : parts_(std::move(parts)), facts_(std::move(facts)), follows_(std::move(executor)) {}

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
    const bool is_followed = co_await followed(route, request, responder);
    if (is_followed) {
        co_return;
    }
    HttpReply reply = co_await answer(std::move(route), std::move(request));
    reply.headers.emplace_back("Cache-Control", "no-store");
    co_await responder.send(std::move(reply));
}

void AdminApi::stop() {
    follows_.stop();
}

Task<HttpReply> AdminApi::answer(AdminRoute route, HttpRequest request) {
    if (route.operation == AdminOperation::connector_logs) {
        HttpReply page = co_await logs(std::move(route.name), std::move(request.target));
        co_return page;
    }
    if (route.operation == AdminOperation::events) {
        co_return events(request.target);
    }
    if (request.method == "GET") {
        co_return read(route);
    }
    HttpReply done = co_await change(std::move(route), std::move(request));
    co_return done;
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
    case AdminOperation::explain: {
        const CauseCode* known = find_cause_code(route.name);
        return known != nullptr
                   ? json_reply(200, cause_code_json(*known))
                   : problem_reply(404, no_such_error("cause code", route.name, "explain"));
    }
    case AdminOperation::doctor:
        return json_reply(200, doctor_json(examine(facts_, parts_.connectors.statuses(),
                                                   parts_.connectors.events())));
    default:
        return read_connector(route);
    }
}

HttpReply AdminApi::read_connector(const AdminRoute& route) const {
    const ConnectorName name(route.name);
    const auto status = parts_.connectors.status(name);
    if (!status) {
        return problem_reply(404, no_such_error("connector", route.name, "ls"));
    }
    switch (route.operation) {
    case AdminOperation::connector_detail: {
        auto detail = parts_.connectors.describe(name);
        if (!detail) {
            return problem_reply(status_of_error(detail.error()), detail.error());
        }
        add_credential_versions(*detail, parts_.vault.list());
        return json_reply(200, *detail);
    }
    case AdminOperation::connector_crashes:
        return list_reply("crashes", parts_.connectors.crashes(name), runtime::crash_json);
    case AdminOperation::connector_tools:
        return json_reply(200, tools_json(parts_.connectors.catalogue(name).get()));
    default:
        return json_reply(200, evident_status_json(*status));
    }
}

Result<runtime::ConnectorLog*> AdminApi::log_of(const std::string& name) const {
    const ConnectorName connector(name);
    if (!parts_.connectors.status(connector)) {
        return no_such_error("connector", name, "ls");
    }
    return parts_.connectors.log(connector);
}

Result<LogQuery> AdminApi::log_query(const std::string& name, const std::string& target) const {
    auto query = parse_log_query(target);
    if (!query) {
        return query;
    }
    runtime::LogFilter& filter = query->filter;
    if (auto checked = runtime::check_filter(filter); !checked) {
        return std::move(checked).error();
    }
    if (query->revision.empty()) {
        return query;
    }
    if (parts_.connectors.events() == nullptr) {
        return not_available_error("the event log");
    }
    const auto span = find_revision(*parts_.connectors.events(), name, query->revision);
    if (!span) {
        return Error{"GH-N404", "no such revision in the events", query->revision, "",
                     "See them with `gatehouse events " + name + " --kind lifecycle`"};
    }
    // Not asked for by its time, it is read from its end like any log.
    query->count_given = query->count_given || !filter.since;
    filter.since = std::max(filter.since.value_or(span->since), span->since);
    if (span->until) {
        filter.until = std::min(filter.until.value_or(*span->until), *span->until);
    }
    return query;
}

Task<HttpReply> AdminApi::logs(std::string name, std::string target) {
    const auto log = log_of(name);
    if (!log) {
        co_return problem_reply(log.error().code == "GH-N404" ? 404 : 503, log.error());
    }
    auto query = log_query(name, target);
    if (!query) {
        co_return problem_reply(status_of_error(query.error()), query.error());
    }
    HttpReply page = co_await log_page(**log, std::move(*query));
    co_return page;
}

HttpReply AdminApi::events(const std::string& target) const {
    const auto query = parse_event_query(target);
    if (!query) {
        return problem_reply(400, query.error());
    }
    if (parts_.connectors.events() == nullptr) {
        return problem_reply(501, not_available_error("the event log"));
    }
    return event_page(*parts_.connectors.events(), *query);
}

Task<bool> AdminApi::followed(const AdminRoute& route, const HttpRequest& request,
                              HttpResponder& responder) {
    std::unique_ptr<FollowSource> source;
    if (route.operation == AdminOperation::connector_logs) {
        // The whole query is costly where it names a revision, so what asks for a page waits.
        const auto asked = parse_log_query(request.target);
        const auto log = log_of(route.name);
        if (asked && asked->follow && log) {
            auto query = log_query(route.name, request.target);
            if (query) {
                resume_after(*query, request.header("Last-Event-ID"));
                source = follow_log(**log, std::move(*query));
            }
        }
    } else if (route.operation == AdminOperation::events) {
        auto query = parse_event_query(request.target);
        if (query && query->follow && parts_.connectors.events() != nullptr) {
            resume_after(*query, request.header("Last-Event-ID"));
            source = follow_events(*parts_.connectors.events(), std::move(*query));
        }
    }
    const bool follows = source != nullptr;
    if (follows) {
        co_await follows_.run(std::move(source), responder);
    }
    co_return follows;
}

} // namespace gatehouse::gateway
