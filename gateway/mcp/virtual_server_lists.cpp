// The part of VirtualServer that waits: for connectors never seen, for lists to be read again, and
// the lists themselves.
#include "gateway/mcp/list_page.hpp"
#include "gateway/mcp/virtual_server.hpp"
#include "gateway/virtual_server/exposure.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

using runtime::ListKind;

// A connector that never ran is given the time that its start takes.
constexpr auto start_wait_max = std::chrono::seconds(60);
// What one list waits for connectors that failed before, and for lists that are read again.
constexpr auto short_wait_max = std::chrono::milliseconds(1000);

// Longer than this nobody should rely on what an operator may change at any time.
constexpr std::int64_t list_ttl_max_ms = 60LL * 60 * 1000;

struct ListFrame {
    const std::string& server_info;
    std::int64_t ttl_ms = 0;
};

std::string list_result(const ListRequest& request, std::string_view items,
                        std::string_view next_cursor, const ListFrame& frame) {
    const bool modern = request.era == Era::modern;
    std::string text = modern ? R"({"resultType":"complete",")" : "{\"";
    text.reserve(items.size() + frame.server_info.size() + 256);
    text += runtime::list_member(request.kind);
    text += "\":[";
    text += items;
    text += "]";
    if (!next_cursor.empty()) {
        text.append(",\"nextCursor\":\"").append(next_cursor).append("\"");
    }
    if (modern) {
        // Private whatever the connectors say: who asks decides what is shown.
        text += ",\"ttlMs\":" + std::to_string(frame.ttl_ms) +
                R"(,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":)" +
                frame.server_info + "}";
    }
    return text + "}";
}

PolicyKind policy_kind_of(ListKind kind) {
    if (kind == ListKind::tools) {
        return PolicyKind::tool;
    }
    return kind == ListKind::prompts ? PolicyKind::prompt : PolicyKind::resource;
}

std::vector<const ListEntry*> visible_entries(const ListRequest& request,
                                              const VirtualServerName& server,
                                              const std::vector<ListEntry>& entries) {
    PolicyQuestion question;
    question.principal = request.principal.str();
    question.virtual_server = server.str();
    question.kind = policy_kind_of(request.kind);
    std::vector<const ListEntry*> visible;
    visible.reserve(entries.size());
    for (const ListEntry& entry : entries) {
        question.connector = entry.connector->str();
        question.tool = entry.upstream_name;
        if (request.policy->may_ever_allow(question)) {
            visible.push_back(&entry);
        }
    }
    return visible;
}

} // namespace

Task<void> VirtualServer::learn(std::string name, std::chrono::milliseconds deadline) {
    std::vector<ConnectorName> unknown;
    for (const ExposedConnector& exposed : config_.connectors) {
        const bool fits = name.empty() || name.starts_with(exposed.prefix);
        if (fits && directory_.known_catalogue(exposed.name) == nullptr) {
            unknown.push_back(exposed.name);
        }
    }
    if (unknown.empty()) {
        co_return;
    }
    TaskGroup starting(executor_);
    for (ConnectorName& one : unknown) {
        // Who asks for one name needs this connector; a list has others to show.
        const bool hurries = name.empty() && failed_.contains(one);
        const auto wait = hurries ? std::min(deadline, short_wait_max) : deadline;
        const std::string label = "learn tools of " + one.str();
        starting.spawn(label, learn_one(std::move(one), wait));
    }
    co_await starting.join();
}

Task<void> VirtualServer::learn_one(ConnectorName name, std::chrono::milliseconds deadline) {
    const auto learned = co_await directory_.catalogue(name, deadline);
    if (learned) {
        failed_.erase(name);
        start_failures_.erase(name);
        co_return;
    }
    // Who waits for less than a start takes learns nothing of whether the connector starts.
    if (deadline >= start_wait_max) {
        failed_.insert(name);
    }
    start_failures_.insert_or_assign(name, learned.error());
    warn({"the lists of connector " + name.str() +
          " are not known yet: " + to_text(learned.error())});
}

std::vector<UnlearnedConnector> VirtualServer::unlearned(std::string_view name,
                                                         PolicyKind kind) const {
    std::vector<UnlearnedConnector> found;
    for (const ExposedConnector& exposed : config_.connectors) {
        const auto failed = start_failures_.find(exposed.name);
        if (failed == start_failures_.end() || !name.starts_with(exposed.prefix) ||
            directory_.known_catalogue(exposed.name) != nullptr) {
            continue;
        }
        const std::string_view base = name.substr(exposed.prefix.size());
        auto upstream = kind == PolicyKind::tool ? selected_tool(exposed, base)
                                                 : selected_prompt(exposed, base);
        if (upstream) {
            found.push_back({exposed.name, std::move(*upstream), failed->second});
        }
    }
    return found;
}

Task<void> VirtualServer::refresh(ListKind kind, std::shared_ptr<const runtime::Caller> caller) {
    std::vector<ConnectorName> known;
    for (const ExposedConnector& exposed : config_.connectors) {
        const auto catalogue = directory_.known_catalogue(exposed.name, *caller);
        if (catalogue != nullptr && exposes_list(exposed, catalogue.get(), kind)) {
            known.push_back(exposed.name);
        }
    }
    if (known.size() == 1) {
        co_await refresh_one(known.front(), kind, caller);
        co_return;
    }
    TaskGroup reading(executor_);
    for (ConnectorName& name : known) {
        reading.spawn("read a list again", refresh_one(std::move(name), kind, caller));
    }
    co_await reading.join();
}

Task<void> VirtualServer::refresh_one(ConnectorName name, ListKind kind,
                                      std::shared_ptr<const runtime::Caller> caller) {
    return kind == ListKind::resources
               ? learn_own_resources(std::move(name), std::move(caller))
               : directory_.refresh(std::move(name), kind, std::move(caller), short_wait_max);
}

// What others have of the connector, templates too, is known without an own instance.
Task<void> VirtualServer::learn_own_resources(ConnectorName name,
                                              std::shared_ptr<const runtime::Caller> caller) {
    auto learning = directory_.learn_own(name, caller, start_wait_max);
    co_await std::move(learning);
    auto reading =
        directory_.refresh(std::move(name), ListKind::resources, std::move(caller), short_wait_max);
    co_await std::move(reading);
}

Task<Result<std::string>> VirtualServer::list(ListRequest request) {
    GH_ASSERT(request.caller != nullptr && request.policy != nullptr);
    auto learning = learn_all(start_wait_max);
    co_await std::move(learning);
    auto reading = refresh(request.kind, request.caller);
    co_await std::move(reading);
    co_return list_now(request);
}

// The shortest of all connectors that have a part in the list. A legacy one does not say, and of
// one that was never seen nothing is in the list yet.
std::int64_t VirtualServer::list_ttl_ms(const ListRequest& request) const {
    std::int64_t shortest = list_ttl_max_ms;
    bool any = false;
    for (const ExposedConnector& exposed : config_.connectors) {
        const auto known = directory_.known_catalogue(exposed.name, *request.caller);
        if (known == nullptr || exposes_list(exposed, known.get(), request.kind)) {
            any = true;
            const bool says = known != nullptr && known->era == runtime::Era::modern;
            shortest = std::min(shortest, says ? known->ttl_ms(request.kind) : 0);
        }
    }
    return any ? shortest : 0;
}

Result<std::string> VirtualServer::list_now(const ListRequest& request) {
    std::shared_ptr<const ServedTools> tools;
    std::vector<ListEntry> items;
    if (request.kind == ListKind::tools) {
        tools = served();
    } else {
        std::vector<std::string> warnings;
        items = items_for(*request.caller).list(request.kind, warnings);
        warn(warnings);
    }
    const std::vector<ListEntry>& entries = tools != nullptr ? tools->entries(request.era) : items;
    const auto visible = visible_entries(request, config_.name, entries);
    const ListFrame frame{server_info_, list_ttl_ms(request)};
    if (tools != nullptr && request.cursor.empty() && visible.size() == entries.size() &&
        !tools->whole_page(request.era).empty()) {
        return list_result(request, tools->whole_page(request.era), "", frame);
    }
    auto page = list_page({config_.name.str(), request.kind}, visible, request.cursor);
    if (!page) {
        return std::move(page).error();
    }
    return list_result(request, page->items, page->next_cursor, frame);
}

} // namespace gatehouse::gateway
