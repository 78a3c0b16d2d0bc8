#include "gateway/cli/time_text.hpp"

#include "runtime/base/units.hpp"

#include <charconv>

namespace gatehouse::gateway {

namespace {

std::optional<int> digits_at(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) {
        return std::nullopt;
    }
    int number = 0;
    const char* const end = text.data() + at + count;
    const auto [parsed_to, problem] = std::from_chars(text.data() + at, end, number);
    if (problem != std::errc{} || parsed_to != end || number < 0) {
        return std::nullopt;
    }
    return number;
}

std::chrono::microseconds fraction_of(std::string_view digits) {
    std::int64_t micros = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        const bool given = i < digits.size() && digits[i] >= '0' && digits[i] <= '9';
        micros = micros * 10 + (given ? digits[i] - '0' : 0);
    }
    return std::chrono::microseconds(micros);
}

std::chrono::milliseconds in_milliseconds(WallTime::duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
}

} // namespace

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    const auto year = digits_at(text, 0, 4);
    const auto month = digits_at(text, 5, 2);
    const auto day = digits_at(text, 8, 2);
    const auto hour = digits_at(text, 11, 2);
    const auto minute = digits_at(text, 14, 2);
    const auto second = digits_at(text, 17, 2);
    const bool complete = year && month && day && hour && minute && second;
    if (!complete || text[10] != 'T' || !text.ends_with('Z')) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    const std::string_view fraction = text[19] == '.' ? text.substr(20) : "";
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
           std::chrono::minutes(*minute) + std::chrono::seconds(*second) + fraction_of(fraction);
}

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

std::string short_time(std::string_view rfc3339) {
    const std::size_t whole = std::string_view("2026-11-25T08:00:00.123").size();
    return rfc3339.size() <= whole ? std::string(rfc3339)
                                   : std::string(rfc3339.substr(0, whole)) + "Z";
}

} // namespace gatehouse::gateway
