// The levels of notifications/message (MCP, logging; RFC 5424 section 6.2.1). Pure; used towards
// clients and connectors.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace gatehouse::runtime {

// From the most to the least verbose.
inline constexpr std::array<std::string_view, 8> log_levels{
    "debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};

// 0 for debug … 7 for emergency; nothing for other words.
std::optional<int> severity_of(std::string_view level);

// Whether a message of `level` is for someone who wants `least` and above. A word that is no level
// hides nothing.
bool level_reaches(std::string_view level, std::string_view least);

} // namespace gatehouse::runtime
