#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/views.hpp"

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

std::vector<Cell> connector_row(const Json& connector, WallTime now) {
    const std::string health = shown_field(connector, "health");
    return {
        {shown_field(connector, "name"), Tint::none},
        {health, tint_of_health(health)},
        {std::to_string(count_field(connector, "instances_ready")) + "/" +
             std::to_string(count_field(connector, "instances_total")),
         Tint::none},
        {shown_field(connector, "tool_count"), Tint::none},
        {shown_field(connector, "calls_total"), Tint::none},
        {shown_field(connector, "calls_failed"), Tint::none},
        {memory_text(count_field(connector, "memory_bytes"),
                     count_field(connector, "memory_max_bytes")),
         Tint::none},
        {age_of(text_field(connector, "since"), now), Tint::none},
        {cause_line(member_field(connector, "cause")), Tint::none},
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

Table connectors_table(const Json& connectors, WallTime now) {
    Table table;
    table.headers = {"NAME", "HEALTH", "READY", "TOOLS", "CALLS", "ERR", "MEM", "AGE", "CAUSE"};
    for (const Json& connector : connectors) {
        table.rows.push_back(connector_row(connector, now));
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
