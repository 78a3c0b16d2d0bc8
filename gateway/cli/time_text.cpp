#include "gateway/cli/time_text.hpp"

#include "runtime/base/units.hpp"

#include <optional>

namespace gatehouse::gateway {

namespace {

std::chrono::milliseconds in_milliseconds(WallTime::duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

// "+01:00", "-05:30"
std::optional<std::chrono::minutes> zone_offset(std::string_view zone) {
    const auto digit = [zone](std::size_t at) {
        return zone[at] >= '0' && zone[at] <= '9' ? zone[at] - '0' : 100;
    };
    const int hours = digit(1) * 10 + digit(2);
    const int minutes = digit(4) * 10 + digit(5);
    if ((zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || hours > 23 || minutes > 59) {
        return std::nullopt;
    }
    const std::chrono::minutes offset(hours * 60 + minutes);
    return zone[0] == '-' ? -offset : offset;
}

// The clock counts nanoseconds, which reach from 1677 to 2262.
std::optional<WallTime> countable_time(std::string_view rfc3339) {
    const std::string_view year = rfc3339.substr(0, 4);
    return year < "1678" || year > "2261" ? std::nullopt : parse_rfc3339(rfc3339);
}

} // namespace

std::string age_of(std::string_view rfc3339, WallTime now) {
    const auto time = parse_rfc3339(rfc3339);
    if (!time) {
        return "-";
    }
    return age_text(in_milliseconds(now > *time ? now - *time : WallTime::duration::zero()));
}

std::string time_until(std::string_view rfc3339, WallTime now) {
    const auto time = parse_rfc3339(rfc3339);
    if (!time) {
        return "-";
    }
    return *time <= now ? "now" : age_text(in_milliseconds(*time - now));
}

Result<WallTime> parse_time_argument(std::string_view text, WallTime now) {
    if (const auto ago = parse_duration(text)) {
        // Longer ago than the clock can count: as long ago as anything is.
        return *ago < in_milliseconds(now.time_since_epoch()) ? now - *ago : WallTime();
    }
    if (const auto time = countable_time(text)) {
        return *time;
    }
    constexpr std::size_t zone_size = std::string_view("+01:00").size();
    if (text.size() > zone_size) {
        const std::string_view zone = text.substr(text.size() - zone_size);
        const std::string utc = std::string(text.substr(0, text.size() - zone_size)) + "Z";
        const auto time = countable_time(utc);
        const auto offset = zone_offset(zone);
        if (time && offset) {
            return *time - *offset;
        }
    }
    return Error{"GH-N400", "not a time", "", "'" + std::string(text.substr(0, 80)) + "'",
                 "Write how long ago, like 10m or 2h, or a time like 2026-11-25T08:00:00Z"};
}

std::string short_time(std::string_view rfc3339) {
    const std::size_t whole = std::string_view("2026-11-25T08:00:00.123").size();
    return rfc3339.size() <= whole ? std::string(rfc3339)
                                   : std::string(rfc3339.substr(0, whole)) + "Z";
}

} // namespace gatehouse::gateway
