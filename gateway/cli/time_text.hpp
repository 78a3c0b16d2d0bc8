// Times as the admin API writes them (RFC 3339, UTC), read back and shown. Pure.
#pragma once

#include "runtime/base/clock.hpp"

#include <string>
#include <string_view>

namespace gatehouse::gateway {

// "3h" for a time three hours ago, "-" for what is no time.
std::string age_of(std::string_view rfc3339, WallTime now);
// "12s" for a time twelve seconds ahead, "now" for one that has passed, "-" for what is no time.
std::string time_until(std::string_view rfc3339, WallTime now);
// With milliseconds only: "2026-11-25T08:00:00.123Z".
std::string short_time(std::string_view rfc3339);

} // namespace gatehouse::gateway
