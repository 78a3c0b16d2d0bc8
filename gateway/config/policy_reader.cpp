#include "gateway/config/gateway_reader.hpp"

#include "runtime/base/json.hpp"
#include "runtime/manifest/scalar.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <re2/re2.h>

namespace gatehouse::gateway {

namespace {

using runtime::Field;
using runtime::MapFields;
using runtime::NodeKind;
using runtime::ScalarType;
using Test = ArgumentCondition::Test;

constexpr std::size_t pattern_max_bytes = 4096;
constexpr std::int64_t pattern_memory_max_bytes = 1 << 20;
constexpr double number_limit = 1e308;

bool is_json_pointer(const std::string& text) {
    if (!text.empty() && text[0] != '/') {
        return false;
    }
    for (std::size_t at = text.find('~'); at != std::string::npos; at = text.find('~', at + 1)) {
        const char next = at + 1 < text.size() ? text[at + 1] : '\0';
        if (next != '0' && next != '1') {
            return false;
        }
    }
    return true;
}

// The value as JSON text: 5, true, "rm"; numbers in their shortest form.
std::optional<std::string> read_json_literal(const Field& field) {
    const runtime::Node& node = field.node();
    if (node.kind == NodeKind::null) {
        return "null";
    }
    if (node.kind != NodeKind::scalar) {
        field.fail_type("a string, number, boolean or null",
                        "Compare lists and maps member by member");
        return std::nullopt;
    }
    switch (scalar_type(node)) {
    case ScalarType::string:
        return json_quote(node.text);
    case ScalarType::boolean:
        return node.text;
    case ScalarType::integer:
        if (const auto integer = runtime::decimal_integer(node.text)) {
            return std::to_string(*integer);
        }
        break;
    case ScalarType::number:
        if (const auto number = runtime::decimal_number(node.text)) {
            return dump_json(Json(*number));
        }
        break;
    }
    field.fail("GH-C506", runtime::shown(node.text) + " is not a decimal number in range",
               "Write decimal digits, or quote it if it is a text");
    return std::nullopt;
}

void read_values(const Field& field, ArgumentCondition& condition) {
    std::vector<Field> items{field};
    if (condition.test == Test::in) {
        items = read_list(field);
        if (items.empty() && field.node().kind == NodeKind::sequence) {
            field.fail("GH-C506", "is empty, so the condition could never hold", "List the values");
        }
    }
    for (const Field& item : items) {
        if (auto literal = read_json_literal(item)) {
            condition.values.push_back(std::move(*literal));
        }
    }
}

void read_pattern(const Field& field, ArgumentCondition& condition) {
    std::string pattern;
    if (!read_text(field, pattern, {.max_bytes = pattern_max_bytes})) {
        return;
    }
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(pattern_memory_max_bytes);
    const re2::RE2 compiled(pattern, options);
    if (!compiled.ok()) {
        field.fail("GH-C506", runtime::shown(pattern) + " is not a pattern: " + compiled.error(),
                   "Write an RE2 pattern (no look-around, no back references)");
    }
    condition.values.push_back(std::move(pattern));
}

void read_test(const Field& field, ArgumentCondition& condition) {
    switch (condition.test) {
    case Test::equals:
    case Test::in:
        read_values(field, condition);
        return;
    case Test::matches:
        read_pattern(field, condition);
        return;
    case Test::less:
    case Test::greater:
        read_number(field, condition.number, {-number_limit, number_limit});
        return;
    case Test::present:
        read_boolean(field, condition.present);
        return;
    }
}

ArgumentCondition read_condition(const Field& item) {
    constexpr std::array<std::string_view, 6> tests{"equals", "in",      "matches",
                                                    "less",   "greater", "present"};
    const MapFields fields(item,
                           {"pointer", "equals", "in", "matches", "less", "greater", "present"});
    ArgumentCondition condition;
    const Field pointer = fields.required("pointer");
    if (read_text(pointer, condition.pointer, {.min_bytes = 0}) &&
        !is_json_pointer(condition.pointer)) {
        pointer.fail("GH-C506", runtime::shown(condition.pointer) + " is not a JSON Pointer",
                     "Begin it with '/', like /path; '~' is written ~0 and '/' in a name ~1");
    }
    int count = 0;
    for (std::size_t i = 0; i < tests.size(); ++i) {
        const Field test = fields[tests[i]];
        if (test.present()) {
            ++count;
            condition.test = static_cast<Test>(i);
            read_test(test, condition);
        }
    }
    if (count != 1 && item.node().kind == NodeKind::map) {
        item.fail(count == 0 ? "GH-C505" : "GH-C508",
                  count == 0 ? "holds no comparison" : "holds more than one comparison",
                  "Give exactly one of equals, in, matches, less, greater, present");
    }
    return condition;
}

bool has_wildcard(const std::string& glob) {
    return glob.find_first_of("*?") != std::string::npos;
}

bool may_match_kind(const std::string& glob, const std::string& kind) {
    const std::string literal = glob.substr(0, std::min(glob.find_first_of("*?"), kind.size()));
    const bool reaches = has_wildcard(glob) || glob.size() > kind.size();
    return reaches && kind.compare(0, literal.size(), literal) == 0;
}

// A rule for "ci" would silently match nobody: principals are "agent:ci", and "operator:uid:0" for
// `gatehouse call`.
void check_principals(const Field& list) {
    for (const Field& item : read_list(list)) {
        const std::string& glob = item.node().text;
        if (!glob.empty() && !may_match_kind(glob, "agent:") &&
            !may_match_kind(glob, "operator:uid:")) {
            item.fail("GH-C506", runtime::shown(glob) + " matches no principal",
                      "Write agent:NAME or agent:*, or operator:* for `gatehouse call`");
        }
    }
}

void note_literal_names(GatewayReading& reading, NameReference::Kind kind, const Field& list) {
    if (!list.present() || list.node().kind != NodeKind::sequence) {
        return;
    }
    for (std::size_t i = 0; i < list.node().items.size(); ++i) {
        const Field item(list, i);
        if (!item.node().text.empty() && !has_wildcard(item.node().text)) {
            note_reference(reading, kind, item);
        }
    }
}

void read_rule(const Field& item, GatewayReading& reading) {
    const MapFields fields(item, {"name", "effect", "principals", "virtual_servers", "connectors",
                                  "tools", "prompts", "resources", "arguments"});
    PolicyRule rule;
    const Field name = fields.required("name");
    if (read_name(name, rule.name)) {
        const auto& others = reading.config.policy;
        if (std::any_of(others.begin(), others.end(),
                        [&](const auto& other) { return other.name == rule.name; })) {
            name.fail("GH-C508", "a second rule named " + runtime::shown(rule.name),
                      "Rename one of them");
        }
        if (rule.name == "default") {
            name.fail("GH-C506", "'default' is the journal's word for no rule at all",
                      "Use another name");
        }
    }
    rule.allow =
        read_choice(fields.required("effect"), {"allow", "deny"}) == std::optional<std::size_t>{0};
    read_globs(fields["principals"], rule.principals);
    read_globs(fields["virtual_servers"], rule.virtual_servers);
    read_globs(fields["connectors"], rule.connectors);
    read_globs(fields["tools"], rule.tools);
    read_globs(fields["prompts"], rule.prompts);
    read_globs(fields["resources"], rule.resources);
    if (fields["principals"].present() && rule.principals.size() > 0) {
        check_principals(fields["principals"]);
    }
    note_literal_names(reading, NameReference::Kind::virtual_server, fields["virtual_servers"]);
    note_literal_names(reading, NameReference::Kind::connector, fields["connectors"]);
    for (const Field& condition : read_list(fields["arguments"])) {
        rule.arguments.push_back(read_condition(condition));
    }
    if (!rule.resources.empty() && !rule.arguments.empty()) {
        fields["resources"].fail("GH-C508",
                                 "resources have no arguments, so the rule would never "
                                 "decide about them",
                                 "Make two rules: one with resources, one with arguments");
    }
    reading.config.policy.push_back(std::move(rule));
}

} // namespace

void read_policy(const Field& list, GatewayReading& reading) {
    for (const Field& item : read_list(list)) {
        read_rule(item, reading);
    }
}

} // namespace gatehouse::gateway
