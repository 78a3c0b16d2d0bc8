#include "gateway/cli/time_text.hpp"

#include "runtime/base/units.hpp"

namespace gatehouse::gateway {

namespace {

std::chrono::milliseconds in_milliseconds(WallTime::duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration);
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

std::string short_time(std::string_view rfc3339) {
    const std::size_t whole = std::string_view("2026-11-25T08:00:00.123").size();
    return rfc3339.size() <= whole ? std::string(rfc3339)
                                   : std::string(rfc3339.substr(0, whole)) + "Z";
}

} // namespace gatehouse::gateway
