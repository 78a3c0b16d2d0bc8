// The query parameters of the admin API's readings, with their bounds. Pure; used by AdminApi.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/logs/log_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

// One reading of a connector's log or of the events begins at the newest `count`, or goes forward
// from `after`, or from the first that its filter lets through.
struct LogQuery {
    static constexpr std::size_t count_max = 2000;
    std::size_t count = 100;            // n=1…2000
    bool count_given = false;           // without it, `since` means: all from there on
    std::optional<std::uint64_t> after; // a seq
    bool follow = false;
    std::string revision; // empty: any; else `since` and `until` are narrowed to its time
    runtime::LogFilter filter;

    bool reads_forward() const { return after || (filter.since && !count_given); }
};
// Keys: n, after, follow, since, until, instance, previous, level, grep, call, member, stream,
// revision.
Result<LogQuery> parse_log_query(std::string_view target);

struct EventQuery {
    static constexpr std::size_t count_max = 1000;
    std::size_t count = 100;
    bool count_given = false;
    std::optional<std::uint64_t> after;
    bool follow = false;
    runtime::EventFilter filter; // since, connector and kind only

    bool reads_forward() const { return after || (filter.since && !count_given); }
};
// Keys: n, after, follow, since, connector, kind.
Result<EventQuery> parse_event_query(std::string_view target);

} // namespace gatehouse::gateway
