// ResourceWatches: who waits for changes of which resource, counted, by the instance that is to
// tell of them. Outlives the instances, so that a new one can be asked again. Pure.
#pragma once

#include "runtime/base/ids.hpp"

#include <compare>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

class ResourceWatches {
  public:
    struct Watcher {
        std::string session; // empty for a stateless client
        PrincipalId principal;
        friend auto operator<=>(const Watcher&, const Watcher&) = default;
    };
    // One instance's watch of one resource.
    struct Watch {
        std::string seat;
        std::string uri;
        friend auto operator<=>(const Watch&, const Watch&) = default;
    };

    // Counts one more. A watcher stays with the seat of its first watch of the resource; the watch
    // that it belongs to is returned.
    Watch add(const Watcher& watcher, const std::string& seat, const std::string& uri);
    // Counts one less; the watch if that was its last.
    std::optional<Watch> remove(const Watcher& watcher, const std::string& uri);
    // All of one client session; the watches that ended.
    std::vector<Watch> remove_session(const std::string& session);

    // The connector agreed to tell of it: later watchers need not ask, a new instance is asked.
    void set_accepted(const Watch& watch);
    bool accepted(const Watch& watch) const;
    std::vector<std::string> accepted_uris(const std::string& seat) const;
    bool any(const std::string& seat) const;
    std::size_t size() const { return watchers_.size(); }

  private:
    struct Entry {
        std::size_t count = 0;
        bool accepted = false;
    };
    struct Place {
        std::string seat;
        std::size_t count = 0;
    };
    using WatcherKey = std::pair<Watcher, std::string>;

    std::optional<Watch> release(const Watch& watch, std::size_t count);

    std::map<Watch, Entry> watches_;
    std::map<WatcherKey, Place> watchers_;
};

} // namespace gatehouse::runtime
