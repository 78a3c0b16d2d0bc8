#include "runtime/base/clock.hpp"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace gatehouse {

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

} // namespace

std::string rfc3339_text(WallTime time) {
    const auto since_epoch = time.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
    const auto micros =
        std::chrono::duration_cast<std::chrono::microseconds>(since_epoch - seconds);
    const std::time_t whole = static_cast<std::time_t>(seconds.count());
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    std::array<char, 64> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
                      parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                      parts.tm_min, parts.tm_sec, static_cast<int>(micros.count()));
    return std::string(text.data(), static_cast<std::size_t>(length));
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
    const auto year = digits_at(text, 0, 4);
    const auto month = digits_at(text, 5, 2);
    const auto day = digits_at(text, 8, 2);
    const auto hour = digits_at(text, 11, 2);
    const auto minute = digits_at(text, 14, 2);
    const auto second = digits_at(text, 17, 2);
    const bool complete = year && month && day && hour && minute && second;
    const auto has = [text](std::size_t at, char c) { return text[at] == c; };
    if (!complete || !has(4, '-') || !has(7, '-') || !has(10, 'T') || !has(13, ':') ||
        !has(16, ':') || !text.ends_with('Z')) {
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

} // namespace gatehouse
