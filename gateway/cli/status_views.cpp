#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/views.hpp"

#include "runtime/base/units.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

// "  label       text"; nothing if there is no text.
void append_fact(std::string& out, std::string_view label, const std::string& text) {
    constexpr std::size_t label_width = 14;
    if (text.empty() || text == "-") {
        return;
    }
    out += "  ";
    out += label;
    out.append(label.size() < label_width ? label_width - label.size() : 1, ' ');
    out += escape_controls(text);
    out += '\n';
}

void append_list(std::string& out, std::string_view label, const Json& texts) {
    for (const Json& text : texts) {
        if (text.is_string()) {
            append_fact(out, label, text.get<std::string>());
            label = "";
        }
    }
}

std::string count_with(const Json& object, const char* key, const std::string& noun) {
    const std::uint64_t count = count_field(object, key);
    return count == 0 ? "" : std::to_string(count) + " " + noun;
}

std::string joined(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) {
        if (!part.empty()) {
            text += (text.empty() ? "" : ", ") + part;
        }
    }
    return text;
}

std::string health_counts(const Json& counts) {
    std::string text;
    if (counts.is_object()) {
        for (const auto& [health, count] : counts.items()) {
            text += (text.empty() ? "" : ", ") + dump_json(count) + " " + health;
        }
    }
    return text;
}

std::string process_text(const Json& connector) {
    if (count_field(connector, "instance") == 0) {
        return {};
    }
    std::string text = "instance " + shown_field(connector, "instance");
    const std::uint64_t pid = count_field(connector, "jail_pid");
    return pid == 0 ? text : text + ", jail pid " + std::to_string(pid);
}

// "2 of 3 ready, one for each member"; nothing for a single instance that all share.
std::string instances_text(const Json& connector) {
    const std::string scope = text_field(connector, "scope");
    const std::uint64_t total = count_field(connector, "instances_total");
    if (scope == "shared" || (scope == "auto" && total <= 1)) {
        return {};
    }
    const std::string whom = scope == "member" ? "one for each member"
                             : scope == "session"
                                 ? "one for each session"
                                 : "one shared, others for sessions that may be asked for input";
    return std::to_string(count_field(connector, "instances_ready")) + " of " +
           std::to_string(total) + " ready, " + whom;
}

std::string transport_text(const Json& connector) {
    const std::string transport = text_field(connector, "transport");
    if (transport == "http") {
        return "MCP over HTTP inside of its sandbox";
    }
    return transport == "remote" ? "MCP over HTTP with a server elsewhere"
           : transport.empty()   ? ""
                                 : "MCP over " + transport;
}

std::string era_text(const Json& connector) {
    const std::string era = text_field(connector, "era");
    return era.empty() ? "" : era + " era";
}

void append_cause(std::string& out, const Json& cause) {
    if (!cause.is_object()) {
        return;
    }
    const std::string where = text_field(cause, "where");
    append_fact(out, "cause",
                text_field(cause, "code") + " " + text_field(cause, "what") +
                    (where.empty() ? "" : " (" + where + ")"));
    append_fact(out, "why", text_field(cause, "why"));
    append_fact(out, "what to do", text_field(cause, "action"));
}

void append_counters(std::string& out, const Json& connector) {
    append_fact(out, "calls",
                joined({shown_field(connector, "calls_total") + " in total",
                        count_with(connector, "calls_failed", "failed"),
                        count_with(connector, "in_flight", "in flight")}));
    append_fact(out, "memory",
                memory_text(count_field(connector, "memory_bytes"),
                            count_field(connector, "memory_max_bytes")));
    append_fact(out, "restarts", count_with(connector, "restarts_total", "in total"));
    append_fact(out, "oddities",
                joined({count_with(connector, "stray_lines", "stray lines on stdout"),
                        count_with(connector, "unknown_ids", "answers to unknown ids"),
                        count_with(connector, "log_lines_dropped", "log lines dropped")}));
    append_fact(out, "last exit", text_field(connector, "last_exit"));
}

} // namespace

std::string daemon_view(const Json& daemon, const ViewStyle& style) {
    std::string out = "gatehouse " + escape_controls(shown_field(daemon, "version")) + "  " +
                      tinted("up", Tint::good, style.colour) + " " +
                      age_of(text_field(daemon, "started_at"), style.now) + "\n";
    append_fact(out, "pid", shown_field(daemon, "pid"));
    append_fact(out, "endpoint", shown_field(daemon, "endpoint"));
    for (const Json& server : member_field(daemon, "virtual_servers")) {
        append_fact(out, "serves", shown_field(server, "url"));
    }
    append_list(out, "mode", member_field(daemon, "mode"));
    append_fact(out, "configuration", shown_field(daemon, "config_file"));
    append_fact(out, "data", shown_field(daemon, "data"));
    const std::string counts = health_counts(member_field(daemon, "connectors_by_health"));
    append_fact(out, "connectors", counts.empty() ? "none" : counts);
    return out;
}

std::string connector_view(const Json& connector, const ViewStyle& style) {
    const std::string health = shown_field(connector, "health");
    const std::string since = text_field(connector, "since");
    std::string out = escape_controls(shown_field(connector, "name")) + "  " +
                      tinted(escape_controls(health), tint_of_health(health), style.colour) +
                      " for " + age_of(since, style.now) + "\n";
    append_cause(out, member_field(connector, "cause"));
    append_fact(out, "title", text_field(connector, "title"));
    append_fact(out, "lifecycle", text_field(connector, "lifecycle"));
    append_fact(out, "since", short_time(since));
    append_fact(out, "started", short_time(text_field(connector, "started_at")));
    const std::string next = text_field(connector, "next_attempt_at");
    append_fact(out, "next attempt", next.empty() ? "" : "in " + time_until(next, style.now));
    append_fact(out, "process", process_text(connector));
    append_fact(out, "instances", instances_text(connector));
    append_fact(out, "speaks", joined({transport_text(connector), era_text(connector)}));
    append_list(out, "weakened", member_field(connector, "weakenings"));
    append_fact(out, "tools", shown_field(connector, "tool_count"));
    append_counters(out, connector);
    return out;
}

std::string log_line_view(const Json& record, const ViewStyle& style) {
    const std::string text = text_field(record, "text");
    return tinted(short_time(shown_field(record, "time")), Tint::dim, style.colour) + " " +
           shown_field(record, "stream") + " " + (style.escape ? escape_controls(text) : text);
}

} // namespace gatehouse::gateway
