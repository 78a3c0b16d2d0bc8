// Views of what comes line by line: log records and events; and of a cause code.
#include "gateway/cli/fact_text.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/views.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

std::string padded(std::string text, std::size_t width) {
    const std::size_t shown = display_width(text);
    text.append(shown < width ? width - shown : 0, ' ');
    return text;
}

Tint tint_of_level(const std::string& level) {
    if (level == "error" || level == "critical") {
        return Tint::bad;
    }
    return level == "warning"                     ? Tint::warn
           : level == "debug" || level == "trace" ? Tint::dim
                                                  : Tint::none;
}

std::string call_ids(const Json& calls) {
    std::string ids;
    for (const Json& call : calls) {
        ids += (ids.empty() ? "" : ",") + dump_json(call);
    }
    return ids;
}

// "#7 calls=12,13 member=ab12"
std::string record_origin(const Json& record) {
    const std::string calls = call_ids(member_field(record, "calls"));
    const std::string member = text_field(record, "member");
    return "#" + shown_field(record, "instance") + (calls.empty() ? "" : " calls=" + calls) +
           (member.empty() ? "" : " member=" + member);
}

std::string change_text(const Json& event) {
    const std::string from = text_field(event, "from");
    const std::string to = text_field(event, "to");
    return from.empty() ? to : to.empty() ? from : from + " → " + to;
}

} // namespace

std::string log_line_view(const Json& record, const ViewStyle& style) {
    const std::string level = text_field(record, "level");
    // Also for a pipe: what comes out of `logs NAME | grep …` is shown by a terminal all the same.
    const std::string shown = escape_controls(text_field(record, "text"));
    std::string line = tinted(short_time(shown_field(record, "time")), Tint::dim, style.colour) +
                       " " + shown_field(record, "stream");
    if (style.wide) {
        line += " " + escape_controls(record_origin(record));
    }
    line += level.empty() ? "" : " " + tinted(level, tint_of_level(level), style.colour);
    return line + (member_field(record, "continued") == Json(true) ? " … " : " ") + shown;
}

std::string event_line_view(const Json& event, const ViewStyle& style) {
    constexpr std::size_t name_width = 12;
    constexpr std::size_t kind_width = 9;
    const std::string name = text_field(event, "connector");
    const std::string time = short_time(shown_field(event, "time"));
    std::string rest = padded(escape_controls(name.empty() ? "gatehouse" : name), name_width) +
                       "  " + padded(escape_controls(shown_field(event, "kind")), kind_width);
    const std::string change = escape_controls(change_text(event));
    rest += change.empty() ? "" : "  " + change;
    // The summary of a change of health says again what the change and its cause say.
    const bool told = text_field(event, "kind") == "health" && !change.empty();
    const std::string text = told ? "" : escape_controls(text_field(event, "text"));
    rest += text.empty() ? "" : "  " + text;
    const std::string cause = escape_controls(cause_line(member_field(event, "cause")));
    rest += cause.empty() ? "" : "  " + cause;
    const std::size_t used = display_width(time) + 2;
    if (!style.wide && style.cut) {
        rest = cut_to_width(rest, style.width > used ? style.width - used : 20);
    }
    // The word after the change has the colour; a cut one has none.
    const std::string to = escape_controls(text_field(event, "to"));
    const std::size_t at = change.empty() || to.empty() ? std::string::npos : rest.find(change);
    if (style.colour && at != std::string::npos && text_field(event, "kind") == "health") {
        const std::size_t begin = at + change.size() - to.size();
        rest.replace(begin, to.size(), tinted(to, tint_of_health(to), true));
    }
    return tinted(time, Tint::dim, style.colour) + "  " + rest;
}

std::string explain_view(const Json& entry, std::size_t width) {
    FactText facts(width);
    facts.line(escape_controls(shown_field(entry, "code")) + "  " +
               escape_controls(shown_field(entry, "title")));
    facts.fact("meaning", text_field(entry, "meaning"));
    facts.fact("what to do", text_field(entry, "action"));
    facts.fact("who acts", text_field(entry, "who"));
    return facts.take();
}

Table doctor_table(const Json& checks) {
    Table table;
    table.headers = {"CHECK", "STATE", "WHAT"};
    for (const Json& check : checks) {
        const std::string state = shown_field(check, "state");
        const std::string action = text_field(check, "action");
        const std::string text = text_field(check, "text");
        const Tint tint = state == "ok" ? Tint::good : state == "warn" ? Tint::warn : Tint::bad;
        const bool act = !action.empty();
        Cell what{act ? text + " → " + action : text};
        if (act) {
            what.brief = text.substr(0, text.find(':'));
            what.below = {text, "→ " + action};
        }
        table.rows.push_back({{shown_field(check, "name")}, {state, tint}, std::move(what)});
    }
    return table;
}

} // namespace gatehouse::gateway
