#include "gateway/cli/fact_text.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/views.hpp"

#include <utility>

namespace gatehouse::gateway {

namespace {

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

void add_cause(FactText& facts, const Json& cause) {
    if (!cause.is_object()) {
        return;
    }
    const std::string where = text_field(cause, "where");
    facts.fact("cause", text_field(cause, "code") + " " + text_field(cause, "what") +
                            (where.empty() ? "" : " (" + where + ")"));
    facts.fact("why", text_field(cause, "why"));
    facts.fact("what to do", text_field(cause, "action"));
}

void add_counters(FactText& facts, const Json& connector) {
    facts.fact("calls", joined_texts({shown_field(connector, "calls_total") + " in total",
                                      counted(connector, "calls_failed", "failed"),
                                      counted(connector, "in_flight", "in flight")}));
    facts.fact("memory", memory_text(count_field(connector, "memory_bytes"),
                                     count_field(connector, "memory_max_bytes")));
    facts.fact("restarts", counted(connector, "restarts_total", "in total"));
    facts.fact("oddities",
               joined_texts({counted(connector, "stray_lines", "stray lines on stdout"),
                             counted(connector, "unknown_ids", "answers to unknown ids"),
                             counted(connector, "log_lines_dropped", "log lines dropped")}));
    facts.fact("last exit", text_field(connector, "last_exit"));
}

} // namespace

std::string daemon_view(const Json& daemon, const ViewStyle& style) {
    FactText facts(style.width);
    facts.line("gatehouse " + escape_controls(shown_field(daemon, "version")) + "  " +
               tinted("up", Tint::good, style.colour) + " " +
               age_of(text_field(daemon, "started_at"), style.now));
    facts.list("failing", member_field(daemon, "failed_checks"));
    facts.fact("pid", shown_field(daemon, "pid"));
    facts.fact("endpoint", shown_field(daemon, "endpoint"));
    std::string_view label = "serves";
    for (const Json& server : member_field(daemon, "virtual_servers")) {
        facts.fact(label, shown_field(server, "url"));
        label = "";
    }
    facts.list("mode", member_field(daemon, "mode"));
    facts.fact("configuration", shown_field(daemon, "config_file"));
    facts.fact("data", shown_field(daemon, "data"));
    const std::string counts = health_counts(member_field(daemon, "connectors_by_health"));
    facts.fact("connectors", counts.empty() ? "none" : counts);
    return facts.take();
}

std::string health_line(const Json& connector, const ViewStyle& style) {
    const std::string health = shown_field(connector, "health");
    return escape_controls(shown_field(connector, "name")) + "  " +
           tinted(escape_controls(health), tint_of_health(health), style.colour) + " for " +
           age_of(text_field(connector, "since"), style.now);
}

std::string connector_view(const Json& connector, const ViewStyle& style) {
    FactText facts(style.width);
    facts.line(health_line(connector, style));
    add_cause(facts, member_field(connector, "cause"));
    facts.fact("also", condition_names(connector));
    const std::string next = text_field(connector, "next_attempt_at");
    facts.fact("next attempt", next.empty() ? "" : "in " + time_until(next, style.now));
    facts.fact("title", text_field(connector, "title"));
    facts.fact("lifecycle", text_field(connector, "lifecycle"));
    facts.fact("since", short_time(text_field(connector, "since")));
    facts.fact("started", short_time(text_field(connector, "started_at")));
    facts.fact("process", process_text(connector));
    facts.fact("instances", instances_text(connector));
    facts.fact("speaks", joined_texts({transport_text(connector), era_text(connector)}));
    facts.list("weakened", member_field(connector, "weakenings"));
    facts.fact("tools", shown_field(connector, "tool_count"));
    add_counters(facts, connector);
    return facts.take();
}

} // namespace gatehouse::gateway
