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
    bool cut = true;         // events to the width, for a terminal
    std::size_t width = 100; // of wrapped texts; events are cut to it
    bool wide = false;       // all there is, uncut
};

// `ls`: NAME HEALTH READY REV CALLS/5m ERR% P95 MEM AGE CAUSE.
Table connectors_table(const Json& connectors, WallTime now);
Table wide_connectors_table(const Json& connectors, WallTime now);
Table top_table(const Json& connectors);
Table tools_table(const Json& tools, bool wide);
Table agents_table(const Json& agents, WallTime now);
Table secrets_table(const Json& secrets, WallTime now);
// Journal lines as TIME KIND WHO WHAT TARGET RESULT; a line that is no JSON shows as it is.
Table audit_table(const std::vector<std::string>& lines);

// The blocks of `status`.
std::string daemon_view(const Json& daemon, const ViewStyle& style);
std::string connector_view(const Json& connector, const ViewStyle& style);
// "db  crash_loop for 5m"
std::string health_line(const Json& connector, const ViewStyle& style);

// All of `describe`, from the detail, its crashes and its newest events.
struct DescribedConnector {
    const Json& detail;
    const Json& crashes; // newest first
    const Json& events;  // oldest first
};
std::string describe_view(const DescribedConnector& connector, const ViewStyle& style);

// "TIME STREAM LEVEL TEXT" of one log record, in one line, without the newline.
std::string log_line_view(const Json& record, const ViewStyle& style);
// "TIME NAME KIND FROM → TO CAUSE TEXT" of one event, without the newline.
std::string event_line_view(const Json& event, const ViewStyle& style);
// A cause code's entry, in lines of at most `width`.
std::string explain_view(const Json& entry, std::size_t width);
Table doctor_table(const Json& checks);

// "GH-P303 what: why → action"; empty if there is no cause.
std::string cause_line(const Json& cause);
// The names of the conditions, "restarted, memory_high"; empty if there are none.
std::string condition_names(const Json& connector);
// "180ms", "10.0s"; "-" for what is no number.
std::string latency_text(const Json& milliseconds);
// "61M/512M", "61M" without a limit, "-" if nothing runs.
std::string memory_text(std::uint64_t used_bytes, std::uint64_t max_bytes);

} // namespace gatehouse::gateway
