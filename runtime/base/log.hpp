// The daemon's own log: one line an event on stderr. A façade, so that one unit includes spdlog.
// Never log a secret, an argument or a result of a call; those belong to the journal.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse {

enum class LogLevel { debug, info, warn, error, off };

// Default: info. Called once by main.
void set_log_level(LogLevel level);

void log_debug(std::string_view message);
void log_info(std::string_view message);
void log_warn(std::string_view message);
void log_error(std::string_view message);

} // namespace gatehouse
