// Tasks: whose they are, the list of one's own, and subscriptions to resources, which have no
// result of their own either.
#include "gateway/pipeline/calls.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr int task_pages_max_count = 20;

} // namespace

TranslateId Calls::shown_task_ids(const McpCall& call) const {
    return [this, owner = owner_of(call), connector = call.connector()](const std::string& id) {
        return task_ids_.shown_id(owner, connector, id);
    };
}

TranslateId Calls::upstream_task_ids(const McpCall& call) const {
    return [this, owner = owner_of(call)](const std::string& id) -> std::optional<std::string> {
        auto task = task_ids_.find(owner, id);
        return task ? std::optional(std::move(task->upstream_id)) : std::nullopt;
    };
}

std::optional<std::string> Calls::task_notice(const TaskOwner& owner,
                                              const ConnectorName& connector,
                                              std::string_view params) const {
    const auto literal = runtime::find_member(params, "taskId");
    const auto id = literal ? runtime::string_value(*literal) : std::nullopt;
    const auto shown = id ? task_ids_.shown_id(owner, connector, *id) : std::nullopt;
    if (!shown) {
        return std::nullopt;
    }
    return edited(params, {replace_part(params, *literal, json_quote(*shown))});
}

// Every connector at which the caller has tasks is asked, one after the other; of what they list
// only the caller's own is shown, on one page.
Task<HttpReply> Calls::list_tasks(Walk& walk) {
    const SharedCall asked = walk.call;
    const TaskOwner owner = owner_of(*asked);
    std::string tasks;
    for (const ConnectorName& connector : task_ids_.connectors_of(owner)) {
        std::string cursor;
        for (int page = 0; page < task_pages_max_count; ++page) {
            auto call = asked->again(CallId{++last_call_});
            call->target = ServedTarget{connector, ""};
            call->cursor = cursor;
            auto upstream = std::make_shared<runtime::ConnectorCall>();
            walk.upstream = upstream;
            const SharedCall shared = std::move(call);
            auto carrying = carry_plain(shared, std::move(upstream));
            const auto reply = co_await std::move(carrying);
            if (!reply || reply->end != runtime::CallEnd::result || reply->era != Era::legacy) {
                break;
            }
            append_own_tasks(owner, connector, reply->body(), tasks);
            const auto next = runtime::find_member(reply->body(), "nextCursor");
            if (!next || !next->starts_with('"') || *next == cursor) {
                break;
            }
            cursor = *next;
        }
    }
    forget_call(*asked);
    co_return result_reply(asked->message().reply_id(), "{\"tasks\":[" + tasks + "]}");
}

void Calls::append_own_tasks(const TaskOwner& owner, const ConnectorName& connector,
                             std::string_view result, std::string& tasks) const {
    const auto listed = runtime::find_member(result, "tasks");
    const auto items = runtime::array_elements(listed.value_or(""));
    if (!items) {
        return;
    }
    for (const std::string_view item : *items) {
        if (const auto shown = task_notice(owner, connector, item)) {
            tasks += tasks.empty() ? "" : ",";
            tasks += *shown;
        }
    }
}

Task<runtime::CallReply> Calls::dispatch_subscription(const McpCall& call) {
    const ConnectorName connector = call.connector();
    const std::string uri = call.target->upstream_name;
    const std::shared_ptr<ClientSession> session = call.session;
    const std::shared_ptr<const runtime::Caller> caller = call.exchange->caller;
    runtime::CallReply done;
    done.end = runtime::CallEnd::result;
    done.frame = "{}";
    done.body_length = done.frame.size();
    const auto key = std::pair(connector.str(), uri);
    const bool watched = session != nullptr && session->watched.contains(key);
    if (call.method == "resources/unsubscribe") {
        if (watched) {
            session->watched.erase(key);
            services_.directory.unwatch_resource(connector, call.caller(), uri);
        }
        co_return done;
    }
    if (watched) {
        co_return done;
    }
    auto watching = services_.directory.watch_resource(connector, caller, uri);
    runtime::CallReply reply = co_await std::move(watching);
    if (reply.end != runtime::CallEnd::result) {
        co_return reply;
    }
    const bool unwanted =
        session != nullptr && (session->closed() || !session->watched.insert(key).second);
    if (unwanted) {
        // The session ended meanwhile, and nobody would free it; or there were two subscriptions at
        // once, and one count is one too many.
        services_.directory.unwatch_resource(connector, *caller, uri);
    }
    done.instance = reply.instance;
    co_return done;
}

Task<Result<Calls::Watched>> Calls::watch(std::shared_ptr<const Exchange> exchange,
                                          std::string uri) {
    auto call = std::make_shared<McpCall>();
    call->exchange = std::move(exchange);
    call->method = "resources/subscribe";
    call->kind = TargetKind::resource;
    call->name = std::move(uri);
    call->id = CallId{++last_call_};
    if (!find_target(*call)) {
        co_await call->request().server().learn("", std::chrono::seconds(60));
        find_target(*call);
    }
    const SharedCall shared = std::move(call);
    auto upstream = std::make_shared<runtime::ConnectorCall>();
    auto carrying = carry_plain(shared, std::move(upstream));
    auto reply = co_await std::move(carrying);
    const Error unknown{"GH-N407", "resource not found", shared->name, "",
                        "Check the URI with resources/list"};
    if (!reply) {
        const std::string& code = reply.error().code;
        co_return code == "GH-N405" || code == "GH-N406" ? unknown : reply.error();
    }
    if (reply->end == runtime::CallEnd::error) {
        co_return Error{"GH-N408", "the connector does not offer changes of this resource",
                        shared->name, "", "Read it again when it is needed"};
    }
    if (reply->end != runtime::CallEnd::result) {
        co_return reply->failure;
    }
    co_return Watched{shared->connector(), shared->target->upstream_name};
}

void Calls::unwatch(const runtime::Caller& caller, const Watched& watched) {
    services_.directory.unwatch_resource(watched.connector, caller, watched.upstream_uri);
}

} // namespace gatehouse::gateway
