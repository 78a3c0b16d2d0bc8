// Tasks: whose they are, the list of one's own, and subscriptions to resources, which have no
// result of their own either.
#include "gateway/pipeline/calls.hpp"
#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/watched_task.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t task_page_max_count = 100;
// Of connectors, for one page of ours: they may list many tasks that are none of the caller's.
constexpr int task_pages_max_count = 20;

// Between two pages of tasks/list: where to go on. "<connector>:<the connector's own cursor>".
struct TaskCursor {
    std::string connector; // and those behind it, in order of name
    std::string upstream;  // empty: from its first page on
};

// The beginning if params name none; empty if it is none of ours.
std::optional<TaskCursor> read_task_cursor(std::string_view params) {
    const auto raw = params.empty() ? std::nullopt : runtime::find_member(params, "cursor");
    if (!raw) {
        return TaskCursor{};
    }
    const std::string text = runtime::string_value(*raw).value_or("");
    const std::size_t colon = text.find(':');
    return colon == std::string::npos
               ? std::nullopt
               : std::optional(TaskCursor{text.substr(0, colon), text.substr(colon + 1)});
}

McpRefusal foreign_cursor() {
    return {200, rpc_invalid_params,
            "GH-M425 the cursor is not one of this list. Start again without a cursor", ""};
}

} // namespace

// The page of tasks/list that is being gathered.
struct Calls::ListedTasks {
    std::string items; // raw JSON without the brackets
    std::size_t items_count = 0;
    int pages_count = 0; // of connectors

    bool is_full() const {
        return items_count >= task_page_max_count || pages_count >= task_pages_max_count;
    }
    std::string result(const TaskCursor* next) const {
        std::string text = "{\"tasks\":[" + items + "]";
        if (next != nullptr) {
            text += ",\"nextCursor\":" + json_quote(next->connector + ":" + next->upstream);
        }
        return text + "}";
    }
};

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
// only the caller's own is shown.
Task<HttpReply> Calls::list_tasks(Walk& walk) {
    const SharedCall asked = walk.call;
    const TaskOwner owner = owner_of(*asked);
    const std::string_view id = asked->message().reply_id();
    auto at = read_task_cursor(asked->message().envelope.params);
    const bool resumes = at && !at->upstream.empty();
    ListedTasks page;
    for (const ConnectorName& connector : task_ids_.connectors_of(owner)) {
        if (!at || connector.str() < at->connector) {
            continue;
        }
        if (connector.str() != at->connector) {
            at = TaskCursor{connector.str(), ""};
        }
        do {
            if (page.is_full()) {
                forget_call(*asked);
                co_return result_reply(id, page.result(&*at));
            }
            auto asking = ask_for_tasks(walk, connector, at->upstream);
            const auto reply = co_await std::move(asking);
            if (resumes && page.pages_count == 0 && reply &&
                reply->end == runtime::CallEnd::error) {
                at.reset();
                break;
            }
            ++page.pages_count;
            std::string next = reply ? append_own_tasks(owner, connector, *reply, page) : "";
            at->upstream = next == at->upstream ? "" : std::move(next);
        } while (!at->upstream.empty());
    }
    forget_call(*asked);
    co_return at ? result_reply(id, page.result(nullptr)) : refusal_reply(id, foreign_cursor());
}

// `cursor`: the connector's own; empty for its first page.
Task<Result<runtime::CallReply>> Calls::ask_for_tasks(Walk& walk, const ConnectorName& connector,
                                                      const std::string& cursor) {
    auto call = walk.call->again(CallId{++last_call_});
    call->target = ServedTarget{connector, ""};
    call->cursor = cursor.empty() ? "" : json_quote(cursor);
    auto upstream = std::make_shared<runtime::ConnectorCall>();
    walk.upstream = upstream;
    return carry_plain(std::move(call), std::move(upstream));
}

// The connector's cursor of its next page; empty: there is none.
std::string Calls::append_own_tasks(const TaskOwner& owner, const ConnectorName& connector,
                                    const runtime::CallReply& reply, ListedTasks& page) const {
    if (reply.end != runtime::CallEnd::result || reply.era != Era::legacy) {
        return "";
    }
    const auto listed = runtime::find_member(reply.body(), "tasks");
    const auto items = runtime::array_elements(listed.value_or(""));
    if (!items) {
        return "";
    }
    for (const std::string_view item : *items) {
        if (const auto shown = task_notice(owner, connector, item)) {
            page.items += page.items.empty() ? "" : ",";
            page.items += *shown;
            ++page.items_count;
        }
    }
    const auto next = runtime::find_member(reply.body(), "nextCursor");
    return next ? runtime::string_value(*next).value_or("") : "";
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
    auto watching = ask_to_watch(std::move(call));
    auto watched = co_await std::move(watching);
    co_return watched;
}

Task<Result<Calls::Watched>> Calls::watch_task(std::shared_ptr<const Exchange> exchange,
                                               std::string id) {
    auto call = std::make_shared<McpCall>();
    call->exchange = std::move(exchange);
    call->method = "subscriptions/listen";
    call->kind = TargetKind::task;
    call->name = std::move(id);
    call->id = CallId{++last_call_};
    if (find_target(*call)) {
        if (known_era(*call) == Era::modern) {
            call->target->upstream_name = runtime::watched_task(call->target->upstream_name);
        } else {
            call->target.reset(); // such connectors tell of tasks by themselves, or not at all
        }
    }
    return ask_to_watch(std::move(call));
}

// What is unknown is journalled as a denial, too.
Task<Result<Calls::Watched>> Calls::ask_to_watch(SharedCall shared) {
    auto upstream = std::make_shared<runtime::ConnectorCall>();
    auto carrying = carry_plain(shared, std::move(upstream));
    auto reply = co_await std::move(carrying);
    const Error unknown{"GH-N407",
                        shared->kind == TargetKind::task ? "task not found" : "resource not found",
                        shared->name, "", "Check the URI with resources/list"};
    if (!reply) {
        const std::string& code = reply.error().code;
        co_return code == "GH-N405" || code == "GH-N406" ? unknown : reply.error();
    }
    if (reply->end == runtime::CallEnd::error) {
        co_return Error{"GH-N408", "the connector does not tell of changes of it", shared->name, "",
                        "Ask for it again when it is needed"};
    }
    if (reply->end != runtime::CallEnd::result) {
        co_return reply->failure;
    }
    co_return Watched{shared->connector(), shared->target->upstream_name};
}

void Calls::unwatch(const runtime::Caller& caller, const Watched& watched) {
    services_.directory.unwatch_resource(watched.connector, caller, watched.subject);
}

} // namespace gatehouse::gateway
