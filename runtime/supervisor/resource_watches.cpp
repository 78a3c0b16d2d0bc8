#include "runtime/supervisor/resource_watches.hpp"

namespace gatehouse::runtime {

ResourceWatches::Watch ResourceWatches::add(const Watcher& watcher, const std::string& seat,
                                            const std::string& uri) {
    Place& place = watchers_.try_emplace(WatcherKey(watcher, uri), Place{seat, 0}).first->second;
    ++place.count;
    Watch watch{place.seat, uri};
    ++watches_[watch].count;
    return watch;
}

std::optional<ResourceWatches::Watch> ResourceWatches::release(const Watch& watch,
                                                               std::size_t count) {
    const auto found = watches_.find(watch);
    found->second.count -= count;
    if (found->second.count > 0) {
        return std::nullopt;
    }
    watches_.erase(found);
    return watch;
}

std::optional<ResourceWatches::Watch> ResourceWatches::remove(const Watcher& watcher,
                                                              const std::string& uri) {
    const auto found = watchers_.find(WatcherKey(watcher, uri));
    if (found == watchers_.end()) {
        return std::nullopt;
    }
    const Watch watch{found->second.seat, uri};
    if (--found->second.count == 0) {
        watchers_.erase(found);
    }
    return release(watch, 1);
}

std::vector<ResourceWatches::Watch> ResourceWatches::remove_session(const std::string& session) {
    std::vector<Watch> ended;
    auto at = watchers_.lower_bound(WatcherKey(Watcher{session, PrincipalId()}, ""));
    while (at != watchers_.end() && at->first.first.session == session) {
        if (auto last = release(Watch{at->second.seat, at->first.second}, at->second.count)) {
            ended.push_back(std::move(*last));
        }
        at = watchers_.erase(at);
    }
    return ended;
}

void ResourceWatches::set_accepted(const Watch& watch) {
    if (const auto found = watches_.find(watch); found != watches_.end()) {
        found->second.accepted = true;
    }
}

bool ResourceWatches::accepted(const Watch& watch) const {
    const auto found = watches_.find(watch);
    return found != watches_.end() && found->second.accepted;
}

std::vector<std::string> ResourceWatches::accepted_uris(const std::string& seat) const {
    std::vector<std::string> uris;
    for (auto at = watches_.lower_bound(Watch{seat, ""});
         at != watches_.end() && at->first.seat == seat; ++at) {
        if (at->second.accepted) {
            uris.push_back(at->first.uri);
        }
    }
    return uris;
}

bool ResourceWatches::any(const std::string& seat) const {
    const auto at = watches_.lower_bound(Watch{seat, ""});
    return at != watches_.end() && at->first.seat == seat;
}

} // namespace gatehouse::runtime
