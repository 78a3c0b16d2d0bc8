#include "runtime/session/listening.hpp"

#include "runtime/session/era_probe.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"
#include "runtime/watched_task.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

void append_filter_member(std::string_view name, const std::string& items, std::string& filter) {
    if (!items.empty()) {
        filter.append(filter.empty() ? "\"" : ",\"").append(name).append("\":[");
        filter.append(items).push_back(']');
    }
}

} // namespace

void Listening::set_announced(const Catalogue& introduction) {
    announced_.clear();
    for (const ListKind kind : {ListKind::tools, ListKind::prompts, ListKind::resources}) {
        if (announces_list(introduction, kind)) {
            announced_.append(announced_.empty() ? "\"" : ",\"");
            announced_.append(list_member(kind));
            announced_.append("ListChanged\":true");
        }
    }
}

bool Listening::watch(const std::string& uri) {
    const bool fits =
        watched_.size() < watched_max_count && watched_bytes_ + uri.size() <= watched_max_bytes;
    if (watched_.contains(uri)) {
        return true;
    }
    if (fits) {
        watched_.insert(uri);
        watched_bytes_ += uri.size();
    }
    return fits;
}

void Listening::unwatch(const std::string& uri) {
    if (watched_.erase(uri) > 0) {
        watched_bytes_ -= uri.size();
    }
}

bool Listening::wanted() const {
    return !announced_.empty() || !watched_.empty();
}

std::string Listening::params() const {
    std::string uris;
    std::string tasks;
    for (const std::string& subject : watched_) {
        const auto task = task_watched(subject);
        std::string& items = task ? tasks : uris;
        items.append(items.empty() ? "" : ",");
        append_quoted(task ? *task : std::string_view(subject), items);
    }
    std::string filter = announced_;
    append_filter_member("resourceSubscriptions", uris, filter);
    append_filter_member("taskIds", tasks, filter);
    return "{\"notifications\":{" + filter + "}}";
}

void Listening::opened(std::uint64_t id, SteadyTime now) {
    streams_.push_back(Stream{id, now});
}

std::vector<std::uint64_t> Listening::acknowledged(std::uint64_t id) {
    std::vector<std::uint64_t> replaced;
    if (!knows(id)) {
        return replaced;
    }
    while (streams_.front().id != id) {
        replaced.push_back(streams_.front().id);
        streams_.erase(streams_.begin());
    }
    return replaced;
}

std::optional<SteadyTime> Listening::closed(std::uint64_t id) {
    const auto found = std::find_if(streams_.begin(), streams_.end(),
                                    [id](const Stream& stream) { return stream.id == id; });
    if (found == streams_.end()) {
        return std::nullopt;
    }
    const SteadyTime since = found->since;
    streams_.erase(found);
    return since;
}

std::vector<std::uint64_t> Listening::close_all() {
    std::vector<std::uint64_t> ids;
    for (const Stream& stream : streams_) {
        ids.push_back(stream.id);
    }
    streams_.clear();
    return ids;
}

bool Listening::knows(std::uint64_t id) const {
    return std::any_of(streams_.begin(), streams_.end(),
                       [id](const Stream& stream) { return stream.id == id; });
}

bool filter_names(std::string_view filter, std::string_view subject) {
    const auto task = task_watched(subject);
    const auto named = find_member(filter, task ? "taskIds" : "resourceSubscriptions");
    const auto items = array_elements(named.value_or(""));
    const std::string_view name = task.value_or(subject);
    return items && std::any_of(items->begin(), items->end(), [name](std::string_view item) {
               return string_value(item) == name;
           });
}

} // namespace gatehouse::runtime
