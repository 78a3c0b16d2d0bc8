#include "runtime/session/listening.hpp"

#include "runtime/session/era_probe.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/json_text.hpp"

#include <algorithm>

namespace gatehouse::runtime {

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
    std::string params = "{\"notifications\":{" + announced_;
    if (!watched_.empty()) {
        params.append(announced_.empty() ? "" : ",");
        params.append("\"resourceSubscriptions\":[");
        for (const std::string& uri : watched_) {
            params.append(params.back() == '[' ? "" : ",");
            append_quoted(uri, params);
        }
        params.push_back(']');
    }
    params.append("}}");
    return params;
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

bool filter_names(std::string_view filter, std::string_view uri) {
    const auto named = find_member(filter, "resourceSubscriptions");
    const auto uris = array_elements(named.value_or(""));
    return uris && std::any_of(uris->begin(), uris->end(),
                               [uri](std::string_view item) { return string_value(item) == uri; });
}

} // namespace gatehouse::runtime
