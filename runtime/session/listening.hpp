// Listening: the subscriptions/listen streams of a modern connector. There is one, but while the
// set of what is watched changes there are two: the new one is opened before the old one is
// cancelled, so that nothing is missed. Watched are resources by their URI, and tasks
// (watched_task.hpp). Pure.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/catalogue.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

constexpr std::size_t watched_max_count = 1024;
constexpr std::size_t watched_max_bytes = 1ULL << 20; // of all URIs together

class Listening {
  public:
    // What the connector's capabilities announce is listened for.
    void set_announced(const Catalogue& introduction);
    // False if there are too many already.
    bool watch(const std::string& uri);
    void unwatch(const std::string& uri);

    // Whether there is anything to listen for.
    bool wanted() const;
    // Params of subscriptions/listen for what is wanted now.
    std::string params() const;

    void opened(std::uint64_t id, SteadyTime now);
    // The streams that the acknowledged one replaces; they are forgotten.
    std::vector<std::uint64_t> acknowledged(std::uint64_t id);
    // Forgets the stream; since when it was open, if it was known.
    std::optional<SteadyTime> closed(std::uint64_t id);
    // All streams that are open, forgotten now.
    std::vector<std::uint64_t> close_all();
    bool knows(std::uint64_t id) const;
    bool any_open() const { return !streams_.empty(); }

  private:
    struct Stream {
        std::uint64_t id;
        SteadyTime since;
    };
    std::vector<Stream> streams_; // in the order they were opened
    std::set<std::string> watched_;
    std::size_t watched_bytes_ = 0;
    std::string announced_; // raw members of the filter
};

// Whether an acknowledged filter (raw JSON) promises updates of this resource or task.
bool filter_names(std::string_view filter, std::string_view subject);

} // namespace gatehouse::runtime
