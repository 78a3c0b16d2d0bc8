#include "gateway/admin/admin_query.hpp"

#include "gateway/http/query_text.hpp"

#include <charconv>
#include <string>

namespace gatehouse::gateway {

namespace {

constexpr std::string_view log_keys =
    "Known: n=1…2000, after=SEQ, follow=true|false, since=TIME, until=TIME, instance=ID, "
    "previous=true|false, level=WORD, grep=RE, call=ID, member=TEXT, stream=WORD, "
    "revision=DIGITS";
constexpr std::string_view event_keys =
    "Known: n=1…1000, after=SEQ, follow=true|false, since=TIME, connector=NAME, kind=WORD";

Error bad_parameter(std::string_view key, std::string_view why, std::string_view known) {
    return Error{"GH-N400", "bad query parameter", std::string(key.substr(0, 80)), std::string(why),
                 std::string(known)};
}

std::optional<std::uint64_t> query_number(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [parsed_to, problem] = std::from_chars(text.data(), end, number);
    return problem == std::errc{} && parsed_to == end && !text.empty() ? std::optional(number)
                                                                       : std::nullopt;
}

std::optional<bool> query_flag(std::string_view text) {
    return text == "true"    ? std::optional(true)
           : text == "false" ? std::optional(false)
                             : std::nullopt;
}

// The clock counts nanoseconds, which reach from 1677 to 2262: a year beyond would come out as
// another one.
std::optional<WallTime> query_time(std::string_view text) {
    const std::string_view year = text.substr(0, 4);
    return year < "1678" || year > "2261" ? std::nullopt : parse_rfc3339(text);
}

// A value that may be missing, put into its place; what is wrong with it otherwise.
template <class Place, class Value>
std::string_view put(Place& place, const std::optional<Value>& value, std::string_view rule) {
    if (!value) {
        return rule;
    }
    place = Place(*value);
    return {};
}

template <class Query>
std::optional<std::string_view> set_common(Query& query, std::string_view key,
                                           std::string_view value) {
    if (key == "n") {
        const auto number = query_number(value);
        query.count_given = true;
        if (!number || *number < 1 || *number > Query::count_max) {
            return "must be a number from 1 to the greatest allowed";
        }
        query.count = static_cast<std::size_t>(*number);
        return std::string_view();
    }
    if (key == "after") {
        return put(query.after, query_number(value), "must be the seq of a record");
    }
    if (key == "follow") {
        return put(query.follow, query_flag(value), "must be true or false");
    }
    if (key == "since") {
        return put(query.filter.since, query_time(value),
                   "must be a time like 2026-11-25T08:00:00Z");
    }
    return std::nullopt;
}

std::string_view set_log_filter(runtime::LogFilter& filter, std::string_view key,
                                std::string_view value) {
    if (key == "until") {
        return put(filter.until, query_time(value), "must be a time like 2026-11-25T08:00:00Z");
    }
    if (key == "instance") {
        const auto number = query_number(value);
        filter.instance = InstanceId{number.value_or(0)};
        return number ? "" : "must be the id of an instance";
    }
    if (key == "previous") {
        return put(filter.previous, query_flag(value), "must be true or false");
    }
    if (key == "level") {
        return put(filter.min_level, runtime::parse_log_level(value),
                   "must be trace, debug, info, notice, warning, error or critical");
    }
    if (key == "call") {
        const auto number = query_number(value);
        filter.call = CallId{number.value_or(0)};
        return number ? "" : "must be the id of a call";
    }
    if (key == "stream") {
        return put(filter.stream, runtime::parse_log_stream(value),
                   "must be stderr, stdout_noise, supervisor, mcp, probe or egress");
    }
    const bool is_text = key == "grep" || key == "member";
    if (is_text) {
        (key == "grep" ? filter.grep : filter.member) = std::string(value);
        return value.empty() || value.size() > 1000 ? "must have 1 to 1000 characters" : "";
    }
    return "is not known";
}

std::string_view set_log_key(LogQuery& query, std::string_view key, std::string_view value) {
    if (key != "revision") {
        return set_log_filter(query.filter, key, value);
    }
    query.revision = std::string(value);
    const bool digits = value.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    return value.size() >= 4 && digits ? "" : "must be at least 4 of its hexadecimal digits";
}

std::string_view set_event_key(EventQuery& query, std::string_view key, std::string_view value) {
    runtime::EventFilter& filter = query.filter;
    if (key == "connector") {
        filter.connector = std::string(value);
        return value.empty() || value.size() > 64 ? "must be a name" : "";
    }
    if (key == "kind") {
        return put(filter.kind, runtime::parse_event_kind(value),
                   "must be health, lifecycle, exit, restart, catalogue, breaker, verb, config, "
                   "secret or daemon");
    }
    return "is not known";
}

template <class Query, class SetKey>
Result<Query> parse_query(std::string_view target, SetKey set_key, std::string_view known) {
    auto pairs = parse_query_pairs(target);
    if (!pairs) {
        return std::move(pairs).error();
    }
    Query query;
    for (const auto& [key, value] : *pairs) {
        const auto common = set_common(query, key, value);
        const std::string_view problem = common ? *common : set_key(query, key, value);
        if (!problem.empty()) {
            return bad_parameter(key, problem, known);
        }
    }
    return query;
}

} // namespace

Result<LogQuery> parse_log_query(std::string_view target) {
    return parse_query<LogQuery>(target, set_log_key, log_keys);
}

Result<EventQuery> parse_event_query(std::string_view target) {
    return parse_query<EventQuery>(target, set_event_key, event_keys);
}

} // namespace gatehouse::gateway
