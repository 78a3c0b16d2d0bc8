// The view of `describe`: everything about one connector, the most urgent first.
#include "gateway/cli/fact_text.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/views.hpp"
#include "runtime/base/units.hpp"

#include <algorithm>
#include <cmath>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t crash_lines_shown = 20;

std::string ago(const Json& object, const char* key, WallTime now) {
    const std::string age = age_of(text_field(object, key), now);
    return age == "-" ? "" : age + " ago";
}

std::string milliseconds_text(const Json& object, const char* key) {
    const std::string text = latency_text(member_field(object, key));
    return text == "-" ? "" : text;
}

void add_evidence(FactText& facts, const Json& detail, const ViewStyle& style) {
    const Json& evidence = member_field(detail, "evidence");
    const Json& cause = member_field(detail, "cause");
    const Json& action = member_field(evidence, "action");
    if (cause.is_object()) {
        const std::string where = text_field(cause, "where");
        facts.fact("cause", text_field(cause, "code") + " " + text_field(cause, "what") +
                                (where.empty() ? "" : " (" + where + ")"));
        facts.fact("why", text_field(cause, "why"));
        facts.fact("what to do", text_field(cause, "action"));
        facts.fact("who acts", text_field(action, "who"));
        const std::string verb = text_field(action, "verb");
        const bool said = text_field(cause, "action").find(verb) != std::string::npos;
        facts.fact("command", said ? "" : verb);
        facts.fact("proof", joined_texts({text_field(evidence, "source"),
                                          text_field(evidence, "confidence")}));
        facts.fact("first seen", ago(evidence, "first_seen", style.now));
    }
    facts.fact("last ok", ago(evidence, "last_ok", style.now));
    const std::string next = text_field(detail, "next_attempt_at");
    facts.fact("next attempt", next.empty() ? "" : "in " + time_until(next, style.now));
    facts.fact("since", short_time(text_field(detail, "since")));
    facts.fact("lifecycle", text_field(detail, "lifecycle"));
    const Json& restarts = member_field(evidence, "restarts");
    if (restarts.is_object()) {
        const std::uint64_t budget = count_field(restarts, "budget");
        facts.fact("restarts", std::to_string(count_field(restarts, "window")) +
                                   (budget == 0 ? "" : " of " + std::to_string(budget)) +
                                   " in the window, " +
                                   std::to_string(count_field(restarts, "total")) + " in total");
    }
}

bool same_cause(const Json& one, const Json& other) {
    return one.is_object() && other.is_object() &&
           text_field(one, "code") == text_field(other, "code") &&
           text_field(one, "why") == text_field(other, "why");
}

void add_conditions(FactText& facts, const Json& detail, const ViewStyle& style) {
    const Json& conditions = member_field(detail, "conditions");
    if (!conditions.is_array() || conditions.empty()) {
        return;
    }
    const Json& cause = member_field(detail, "cause");
    Table table;
    table.headers = {"CONDITION", "AGE", "CAUSE"};
    for (const Json& condition : conditions) {
        const std::string name =
            condition.is_string() ? condition.get<std::string>() : text_field(condition, "name");
        table.rows.push_back({{name},
                              {age_of(text_field(condition, "since"), style.now)},
                              {same_cause(member_field(condition, "cause"), cause)
                                   ? "as above"
                                   : cause_line(member_field(condition, "cause"))}});
    }
    facts.section("Also true");
    facts.block(render_table(table, {style.width - 2, style.colour}));
}

void add_instances(FactText& facts, const Json& detail, const ViewStyle& style) {
    const Json& instances = member_field(detail, "instances");
    if (!instances.is_array() || instances.empty()) {
        return;
    }
    Table table;
    table.headers = {"ID",  "LIFECYCLE", "HEALTH", "FOR",    "PID",      "UPTIME",
                     "MEM", "CALLS",     "FAILED", "FLYING", "LAST EXIT"};
    for (const Json& instance : instances) {
        const std::string health = shown_field(instance, "health");
        std::string whom = text_field(instance, "member");
        whom = whom.empty() ? text_field(instance, "owner") : whom;
        const std::uint64_t pid = count_field(instance, "jail_pid");
        const std::uint64_t id = count_field(instance, "instance");
        table.rows.push_back({{id == 0 ? "-" : std::to_string(id)},
                              {shown_field(instance, "lifecycle")},
                              {health, tint_of_health(health)},
                              {whom.empty() ? "all" : whom},
                              {pid == 0 ? "-" : std::to_string(pid)},
                              {age_of(text_field(instance, "started_at"), style.now)},
                              {memory_text(count_field(instance, "memory_bytes"),
                                           count_field(instance, "memory_max_bytes"))},
                              {shown_field(instance, "calls_total")},
                              {shown_field(instance, "calls_failed")},
                              {shown_field(instance, "in_flight")},
                              {text_field(instance, "last_exit")}});
    }
    facts.section("Instances");
    facts.block(render_table(table, {style.width - 2, style.colour}));
}

std::string told_text(const std::string& told) {
    return told == "retried"        ? "went on on the next instance"
           : told == "never_sent"   ? "was not sent: the caller was told that it is safe to retry"
           : told == "may_have_run" ? "the caller was told that it may have run"
                                    : told;
}

void add_crash(FactText& facts, const Json& crashes, const ViewStyle& style) {
    if (!crashes.is_array() || crashes.empty()) {
        return;
    }
    const Json& crash = crashes.front();
    const Json& exit = member_field(crash, "exit");
    facts.section("Last crash" + std::string(crashes.size() > 1 ? " of " : "") +
                  (crashes.size() > 1 ? std::to_string(crashes.size()) + " kept" : ""));
    facts.fact("when", joined_texts({ago(crash, "time", style.now),
                                     "instance " + shown_field(crash, "instance")}));
    facts.fact("how", cause_line(member_field(crash, "cause")));
    facts.fact("exit", joined_texts({text_field(exit, "result"), counted(exit, "code", "as code"),
                                     counted(exit, "signal", "as signal"),
                                     milliseconds_text(exit, "uptime_ms").empty()
                                         ? ""
                                         : "up " + milliseconds_text(exit, "uptime_ms")}));
    std::string_view label = "calls";
    for (const Json& call : member_field(crash, "calls")) {
        const std::string target = text_field(call, "target");
        facts.fact(label, shown_field(call, "id") + " " + text_field(call, "method") +
                              (target.empty() ? "" : " " + target) + " after " +
                              latency_text(member_field(call, "age_ms")) + ": " +
                              told_text(text_field(call, "told")));
        label = "";
    }
    const Json& lines = member_field(crash, "last_lines");
    const std::size_t count = lines.is_array() ? lines.size() : 0;
    if (count > 0) {
        facts.line("  last lines");
    }
    for (std::size_t i = count > crash_lines_shown ? count - crash_lines_shown : 0; i < count;
         ++i) {
        const std::string line = lines[i].is_string() ? lines[i].get<std::string>() : "";
        facts.line(cut_to_width("    | " + escape_controls(line), style.width));
    }
}

void add_breakers(FactText& facts, const Json& detail, const ViewStyle& style) {
    const Json& breakers = member_field(detail, "breakers");
    if (!breakers.is_array() || breakers.empty()) {
        return;
    }
    Table table;
    table.headers = {"HOST", "BREAKER", "AGE", "NEXT TRY", "CAUSE"};
    for (const Json& breaker : breakers) {
        const std::string state = shown_field(breaker, "state");
        table.rows.push_back({{shown_field(breaker, "host")},
                              {state, state == "closed" ? Tint::good : Tint::warn},
                              {age_of(text_field(breaker, "since"), style.now)},
                              {time_until(text_field(breaker, "next_attempt_at"), style.now)},
                              {cause_line(member_field(breaker, "cause"))}});
    }
    facts.section("What it reaches");
    facts.block(render_table(table, {style.width - 2, style.colour}));
}

// Sizes and durations are shown as people write them, by the ending of their key.
std::string limit_text(const std::string& key, const Json& value) {
    if (!value.is_number_unsigned()) {
        return value.is_string() ? value.get<std::string>() : dump_json(value);
    }
    const auto number = value.get<std::uint64_t>();
    if (key.ends_with("_bytes")) {
        return size_text(number);
    }
    return key.ends_with("_ms")
               ? duration_text(std::chrono::milliseconds(static_cast<std::int64_t>(number)))
               : std::to_string(number);
}

void add_facts(FactText& facts, const Json& detail) {
    facts.section("Facts");
    facts.fact("title", text_field(detail, "title"));
    facts.fact("revision", text_field(detail, "revision"));
    facts.fact("manifest", text_field(detail, "manifest"));
    const std::string era = text_field(detail, "era");
    facts.fact("speaks",
               joined_texts({text_field(detail, "transport"), era.empty() ? "" : era + " era"}));
    facts.fact("scope", text_field(detail, "scope"));
    facts.fact("tools", shown_field(detail, "tool_count"));
    facts.fact("calls", joined_texts({shown_field(detail, "calls_total") + " in total",
                                      counted(detail, "calls_failed", "failed"),
                                      counted(detail, "in_flight", "in flight"),
                                      counted(detail, "calls_recent", "in 5 min"),
                                      milliseconds_text(detail, "p95_ms").empty()
                                          ? ""
                                          : "p95 " + milliseconds_text(detail, "p95_ms")}));
    facts.fact("oddities",
               joined_texts({counted(detail, "stray_lines", "stray lines on stdout"),
                             counted(detail, "unknown_ids", "answers to unknown ids"),
                             counted(detail, "log_lines_dropped", "log lines dropped")}));
    const Json& limits = member_field(detail, "limits");
    std::string text;
    if (limits.is_object()) {
        for (const auto& [key, value] : limits.items()) {
            const bool has_unit = key.ends_with("_bytes") || key.ends_with("_ms");
            text += (text.empty() ? "" : ", ") +
                    (has_unit ? key.substr(0, key.rfind('_')) : key) + " " +
                    limit_text(key, value);
        }
    }
    facts.fact("limits", text);
    std::string_view label = "credentials";
    for (const Json& credential : member_field(detail, "credentials")) {
        const Json& version = member_field(credential, "version");
        facts.fact(label,
                   joined_texts({shown_field(credential, "name"),
                                 "secret " + shown_field(credential, "secret"),
                                 version.is_null() ? "not set" : "version " + dump_json(version)}));
        label = "";
    }
    facts.list("weakened", member_field(detail, "weakenings"));
}

} // namespace

std::string describe_view(const DescribedConnector& connector, const ViewStyle& style) {
    FactText facts(style.width);
    facts.line(health_line(connector.detail, style));
    add_evidence(facts, connector.detail, style);
    add_conditions(facts, connector.detail, style);
    add_instances(facts, connector.detail, style);
    add_crash(facts, connector.crashes, style);
    add_breakers(facts, connector.detail, style);
    add_facts(facts, connector.detail);
    if (connector.events.is_array() && !connector.events.empty()) {
        ViewStyle inner = style;
        inner.width = style.width - 2;
        inner.cut = true;
        std::string lines;
        for (const Json& event : connector.events) {
            lines += event_line_view(event, inner) + "\n";
        }
        facts.section("Events");
        facts.block(lines);
    }
    return facts.take();
}

} // namespace gatehouse::gateway
