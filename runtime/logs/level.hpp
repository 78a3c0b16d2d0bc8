// The level of a log line, found in what programs write: JSON of the common loggers, logfmt, and
// prefixes. Pure; no regular expressions, as every captured line passes here.
#pragma once

#include <optional>
#include <string_view>

namespace gatehouse::runtime {

enum class LogLevel { none, trace, debug, info, notice, warning, error, critical };

const char* to_text(LogLevel level); // "" for none
// A level word in any case with its usual other names ("warn", "fatal", "E"…); nothing if unknown.
std::optional<LogLevel> parse_log_level(std::string_view word);

// none if the line does not say. A word in the middle of prose is no level.
LogLevel detect_level(std::string_view line);
// The level member of the params of notifications/message (MCP, logging).
LogLevel mcp_level(std::string_view params_json);

} // namespace gatehouse::runtime
