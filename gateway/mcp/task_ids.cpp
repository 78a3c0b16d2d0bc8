#include "gateway/mcp/task_ids.hpp"

#include "gateway/mcp/random_id.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

TaskIds::TaskIds(const Clock& clock, TaskIdLimits limits) : clock_(clock), limits_(limits) {}

TaskIds::Upstream TaskIds::upstream_key(const TaskOwner& owner, const ConnectorName& connector,
                                        std::string_view upstream_id) {
    return {owner.principal.str(), owner.virtual_server.str(), connector.str(),
            std::string(upstream_id)};
}

std::string TaskIds::add(const TaskOwner& owner, KnownTask task,
                         std::optional<std::chrono::milliseconds> ttl) {
    const auto lifetime =
        std::min(ttl.value_or(limits_.unlimited_lifetime), limits_.unlimited_lifetime);
    const SteadyTime forget_at = clock_.steady_now() + lifetime + limits_.after_ttl;
    Upstream key = upstream_key(owner, task.connector, task.upstream_id);
    const auto known = by_upstream_.find(key);
    if (known != by_upstream_.end()) {
        known->second->forget_at = forget_at;
        return known->second->id;
    }
    make_room(owner);
    const auto entry =
        entries_.insert(entries_.end(), {"task-" + random_id(), owner, std::move(task), forget_at});
    by_id_.emplace(entry->id, entry);
    by_upstream_.emplace(std::move(key), entry);
    ++counts_[owner.principal];
    return entry->id;
}

std::optional<KnownTask> TaskIds::find(const TaskOwner& owner, std::string_view id) const {
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) {
        return std::nullopt;
    }
    const Entry& entry = *found->second;
    const bool own = entry.owner.principal == owner.principal &&
                     entry.owner.virtual_server == owner.virtual_server &&
                     clock_.steady_now() < entry.forget_at;
    return own ? std::optional(entry.task) : std::nullopt;
}

std::optional<std::string> TaskIds::shown_id(const TaskOwner& owner, const ConnectorName& connector,
                                             std::string_view upstream_id) const {
    const auto found = by_upstream_.find(upstream_key(owner, connector, upstream_id));
    if (found == by_upstream_.end() || clock_.steady_now() >= found->second->forget_at) {
        return std::nullopt;
    }
    return found->second->id;
}

std::set<ConnectorName> TaskIds::connectors_of(const TaskOwner& owner) const {
    std::set<ConnectorName> names;
    const SteadyTime now = clock_.steady_now();
    for (const Entry& entry : entries_) {
        if (entry.owner.principal == owner.principal &&
            entry.owner.virtual_server == owner.virtual_server && now < entry.forget_at) {
            names.insert(entry.task.connector);
        }
    }
    return names;
}

void TaskIds::forget(Order::iterator entry) {
    by_id_.erase(entry->id);
    by_upstream_.erase(upstream_key(entry->owner, entry->task.connector, entry->task.upstream_id));
    const auto count = counts_.find(entry->owner.principal);
    if (--count->second == 0) {
        counts_.erase(count);
    }
    entries_.erase(entry);
}

void TaskIds::make_room(const TaskOwner& owner) {
    const SteadyTime now = clock_.steady_now();
    while (!entries_.empty() && now >= entries_.front().forget_at) {
        forget(entries_.begin());
    }
    const auto count = counts_.find(owner.principal);
    if (count != counts_.end() && count->second >= limits_.max_count_per_principal) {
        const auto own = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
            return entry.owner.principal == owner.principal;
        });
        forget(own);
    }
    if (entries_.size() >= limits_.max_count) {
        forget(entries_.begin());
    }
}

} // namespace gatehouse::gateway
