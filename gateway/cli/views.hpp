// Views: the admin API's JSON as what a person reads. Missing or foreign members show as "-". Pure.
#pragma once

#include "gateway/cli/table.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/json.hpp"

#include <string>
#include <vector>

namespace gatehouse::gateway {

struct ViewStyle {
    WallTime now;
    bool colour = false;
    bool escape = true; // control bytes, for a terminal
};

// `ls`: NAME HEALTH READY TOOLS CALLS ERR MEM AGE CAUSE.
Table connectors_table(const Json& connectors, WallTime now);
Table agents_table(const Json& agents, WallTime now);
Table secrets_table(const Json& secrets, WallTime now);
// Journal lines as TIME KIND WHO WHAT TARGET RESULT; a line that is no JSON shows as it is.
Table audit_table(const std::vector<std::string>& lines);

// The blocks of `status`.
std::string daemon_view(const Json& daemon, const ViewStyle& style);
std::string connector_view(const Json& connector, const ViewStyle& style);

// "TIME STREAM TEXT" of one log record, without the newline.
std::string log_line_view(const Json& record, const ViewStyle& style);

// "GH-P303 what: why → action"; empty if there is no cause.
std::string cause_line(const Json& cause);
// "61M/512M", "61M" without a limit, "-" if nothing runs.
std::string memory_text(std::uint64_t used_bytes, std::uint64_t max_bytes);

} // namespace gatehouse::gateway
