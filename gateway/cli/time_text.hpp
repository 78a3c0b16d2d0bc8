// Times as the admin API writes them (RFC 3339, UTC), read back and shown. Pure.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>

namespace gatehouse::gateway {

// "3h" for a time three hours ago, "-" for what is no time.
std::string age_of(std::string_view rfc3339, WallTime now);
// "12s" for a time twelve seconds ahead, "now" for one that has passed, "-" for what is no time.
std::string time_until(std::string_view rfc3339, WallTime now);
// What --since and --until take: "10m" ago, or a time with zone, "2026-11-25T08:00:00Z" or
// "…+01:00". GH-N400 for anything else.
Result<WallTime> parse_time_argument(std::string_view text, WallTime now);
// With milliseconds only: "2026-11-25T08:00:00.123Z".
std::string short_time(std::string_view rfc3339);

} // namespace gatehouse::gateway
