#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/views.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gatehouse::gateway {

namespace {

std::string short_size(std::uint64_t bytes) {
    constexpr std::array<const char*, 5> units{"B", "K", "M", "G", "T"};
    std::size_t unit = 0;
    std::uint64_t value = bytes;
    while (value >= 1024 && unit + 1 < units.size()) {
        value = (value + 512) / 1024;
        ++unit;
    }
    return std::to_string(value) + units[unit];
}

// "0.2", "12"; "-" without calls.
std::string error_share(std::uint64_t calls, std::uint64_t failed) {
    if (calls == 0) {
        return "-";
    }
    const std::uint64_t per_mille = std::min(failed, calls) * 1000 / calls;
    if (per_mille == 0 && failed > 0) {
        return "<0.1";
    }
    return per_mille % 10 == 0 || per_mille >= 100
               ? std::to_string((per_mille + 5) / 10)
               : std::to_string(per_mille / 10) + "." + std::to_string(per_mille % 10);
}

Cell cause_cell(const Json& connector) {
    const Json& cause = member_field(connector, "cause");
    if (!cause.is_object()) {
        return {condition_names(connector), Tint::dim};
    }
    const std::string action = text_field(cause, "action");
    Cell cell{cause_line(cause), Tint::none, text_field(cause, "code"), {}};
    const std::string why = text_field(cause, "why");
    cell.below.push_back(text_field(cause, "what") + (why.empty() ? "" : ": " + why));
    if (!action.empty()) {
        cell.below.push_back("→ " + action);
    }
    return cell;
}

std::string ready_text(const Json& connector) {
    return std::to_string(count_field(connector, "instances_ready")) + "/" +
           std::to_string(count_field(connector, "instances_total"));
}

std::vector<Cell> connector_row(const Json& connector, WallTime now) {
    const std::string health = shown_field(connector, "health");
    const std::uint64_t calls = count_field(connector, "calls_recent");
    return {
        {shown_field(connector, "name")},
        {health, tint_of_health(health)},
        {ready_text(connector)},
        {shown_field(connector, "revision")},
        {shown_field(connector, "calls_recent")},
        {error_share(calls, count_field(connector, "calls_recent_failed"))},
        {latency_text(member_field(connector, "p95_ms"))},
        {memory_text(count_field(connector, "memory_bytes"),
                     count_field(connector, "memory_max_bytes"))},
        {age_of(text_field(connector, "since"), now)},
        cause_cell(connector),
    };
}

std::string first_of(const Json& record, std::initializer_list<const char*> keys) {
    for (const char* key : keys) {
        const std::string text = shown_field(record, key);
        if (text != "-") {
            return text;
        }
    }
    return "-";
}

std::vector<Cell> audit_row(const std::string& line) {
    const auto parsed = parse_json(line, 64);
    if (!parsed || !parsed->is_object()) {
        return {{"-"}, {"unreadable", Tint::bad}, {"-"}, {"-"}, {"-"}, {line}};
    }
    const Json& record = *parsed;
    std::string result = first_of(record, {"outcome", "decision"});
    const std::string reason = text_field(record, "reason");
    if (!reason.empty()) {
        result += " " + reason;
    }
    return {{short_time(first_of(record, {"time", "ts", "at"}))},
            {shown_field(record, "kind")},
            {first_of(record, {"principal", "address"})},
            {first_of(record, {"action", "tool"})},
            {first_of(record, {"target", "connector", "virtual_server"})},
            {result}};
}

// "read-only" or "destructive", as the connector says of itself, which proves nothing.
std::string tool_hints(const Json& annotations) {
    const auto says = [&annotations](const char* key) {
        return member_field(annotations, key) == Json(true);
    };
    return says("readOnlyHint") ? "read-only" : says("destructiveHint") ? "destructive" : "-";
}

// "text, limit?": those in `required` without a question mark.
std::string tool_arguments(const Json& schema) {
    const Json& properties = member_field(schema, "properties");
    const Json& required = member_field(schema, "required");
    if (!properties.is_object() || properties.empty()) {
        return "-";
    }
    std::string text;
    for (const auto& [name, property] : properties.items()) {
        const bool must = required.is_array() &&
                          std::find(required.begin(), required.end(), Json(name)) != required.end();
        text += (text.empty() ? "" : ", ") + name + (must ? "" : "?");
    }
    return text;
}

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

} // namespace

std::string memory_text(std::uint64_t used_bytes, std::uint64_t max_bytes) {
    if (used_bytes == 0) {
        return "-";
    }
    return max_bytes == 0 ? short_size(used_bytes)
                          : short_size(used_bytes) + "/" + short_size(max_bytes);
}

std::string cause_line(const Json& cause) {
    if (!cause.is_object()) {
        return {};
    }
    std::string line = text_field(cause, "code") + " " + text_field(cause, "what");
    const std::string why = text_field(cause, "why");
    const std::string action = text_field(cause, "action");
    line += why.empty() ? "" : ": " + why;
    line += action.empty() ? "" : " → " + action;
    return line;
}

std::string latency_text(const Json& milliseconds) {
    if (!milliseconds.is_number() || milliseconds.get<double>() < 0) {
        return "-";
    }
    const auto whole = static_cast<std::uint64_t>(milliseconds.get<double>() + 0.5);
    if (whole < 1000) {
        return std::to_string(whole) + "ms";
    }
    const std::uint64_t tenths = (whole + 50) / 100;
    return tenths >= 1000 ? std::to_string(tenths / 10) + "s"
                          : std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "s";
}

std::string condition_names(const Json& connector) {
    std::string names;
    for (const Json& condition : member_field(connector, "conditions")) {
        const std::string name =
            condition.is_string() ? condition.get<std::string>() : text_field(condition, "name");
        names += name.empty() ? "" : (names.empty() ? "" : ", ") + name;
    }
    return names;
}

Table connectors_table(const Json& connectors, WallTime now) {
    Table table;
    table.headers = {"NAME", "HEALTH", "READY", "REV", "CALLS/5m",
                     "ERR%", "P95",    "MEM",   "AGE", "CAUSE"};
    table.expendable = {"REV", "P95", "READY"};
    for (const Json& connector : connectors) {
        table.rows.push_back(connector_row(connector, now));
    }
    return table;
}

Table wide_connectors_table(const Json& connectors, WallTime now) {
    Table table = connectors_table(connectors, now);
    table.expendable.clear();
    const std::vector<std::pair<const char*, const char*>> more{
        {"CPU%", "cpu_percent"},  {"TOOLS", "tool_count"},        {"FLYING", "in_flight"},
        {"TOTAL", "calls_total"}, {"RESTARTS", "restarts_total"}, {"LIFECYCLE", "lifecycle"},
        {"SCOPE", "scope"},       {"SPEAKS", "transport"},        {"ERA", "era"}};
    for (const auto& [header, key] : more) {
        table.headers.insert(table.headers.end() - 1, header);
        std::size_t row = 0;
        for (const Json& connector : connectors) {
            std::vector<Cell>& cells = table.rows[row++];
            const std::string text = shown_field(connector, key);
            cells.insert(cells.end() - 1, Cell{text.empty() ? "-" : text});
        }
    }
    return table;
}

Table top_table(const Json& connectors) {
    Table table;
    table.headers = {"NAME",     "HEALTH", "READY", "CPU%",   "MEM",
                     "CALLS/5m", "ERR%",   "P95",   "FLYING", "RESTARTS"};
    for (const Json& connector : connectors) {
        const std::string health = shown_field(connector, "health");
        table.rows.push_back({{shown_field(connector, "name")},
                              {health, tint_of_health(health)},
                              {ready_text(connector)},
                              {shown_field(connector, "cpu_percent")},
                              {memory_text(count_field(connector, "memory_bytes"),
                                           count_field(connector, "memory_max_bytes"))},
                              {shown_field(connector, "calls_recent")},
                              {error_share(count_field(connector, "calls_recent"),
                                           count_field(connector, "calls_recent_failed"))},
                              {latency_text(member_field(connector, "p95_ms"))},
                              {shown_field(connector, "in_flight")},
                              {shown_field(connector, "restarts_total")}});
    }
    return table;
}

Table tools_table(const Json& tools, bool wide) {
    Table table;
    table.headers = {"NAME", "HINTS", "ARGUMENTS", "DESCRIPTION"};
    constexpr std::size_t narrow_arguments_width = 26;
    for (const Json& tool : tools) {
        const std::string arguments = tool_arguments(member_field(tool, "inputSchema"));
        table.rows.push_back({{shown_field(tool, "name")},
                              {tool_hints(member_field(tool, "annotations"))},
                              {wide ? arguments : cut_to_width(arguments, narrow_arguments_width)},
                              {first_line(text_field(tool, "description"))}});
    }
    return table;
}

Table agents_table(const Json& agents, WallTime now) {
    Table table;
    table.headers = {"NAME", "TOKEN", "AGE"};
    for (const Json& agent : agents) {
        table.rows.push_back({{shown_field(agent, "name")},
                              {"…" + shown_field(agent, "token_hint")},
                              {age_of(text_field(agent, "created_at"), now)}});
    }
    return table;
}

Table secrets_table(const Json& secrets, WallTime now) {
    Table table;
    table.headers = {"NAME", "VERSION", "AGE"};
    for (const Json& secret : secrets) {
        table.rows.push_back({{shown_field(secret, "name")},
                              {shown_field(secret, "version")},
                              {age_of(text_field(secret, "set_at"), now)}});
    }
    return table;
}

Table audit_table(const std::vector<std::string>& lines) {
    Table table;
    table.headers = {"TIME", "KIND", "WHO", "WHAT", "TARGET", "RESULT"};
    for (const std::string& line : lines) {
        table.rows.push_back(audit_row(line));
    }
    return table;
}

} // namespace gatehouse::gateway
