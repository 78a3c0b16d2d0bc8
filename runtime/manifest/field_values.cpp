#include "runtime/base/units.hpp"
#include "runtime/manifest/field.hpp"
#include "runtime/manifest/scalar.hpp"

#include <algorithm>

namespace gatehouse::runtime {

namespace {

constexpr const char* code_unit = "GH-C503";
constexpr const char* code_range = "GH-C506";

// A scalar that the core rules read as a string.
bool is_string(const Field& field) {
    return field.node().kind == NodeKind::scalar && scalar_type(field.node()) == ScalarType::string;
}

bool is_numeric(const Field& field) {
    if (field.node().kind != NodeKind::scalar) {
        return false;
    }
    const ScalarType type = scalar_type(field.node());
    return type == ScalarType::integer || type == ScalarType::number;
}

bool is_name_text(const std::string& text, std::size_t max_bytes) {
    return !text.empty() && text.size() <= max_bytes &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

std::string number_text(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    return text.back() == '.' ? text.substr(0, text.size() - 1) : text;
}

// The text of a size or duration; reports a bare number as what it is, a number without its unit.
bool read_unit_text(const Field& field, std::string& out, const char* example) {
    if (!field.present()) {
        return false;
    }
    if (is_numeric(field)) {
        field.fail(code_unit, "a bare number where a unit is due",
                   std::string("Write it like ") + example);
        return false;
    }
    return read_text(field, out);
}

} // namespace

bool read_text(const Field& field, std::string& out, TextRule rule) {
    if (!field.present()) {
        return false;
    }
    if (!is_string(field)) {
        const bool scalar = field.node().kind == NodeKind::scalar;
        field.fail_type("a string",
                        scalar ? "Put it in quotes" : ""); // unread values stay out of messages
        return false;
    }
    const std::string& text = field.node().text;
    if (text.size() < rule.min_bytes) {
        field.fail(code_range, "is empty", "Give a value, or remove the key for the default");
        return false;
    }
    if (text.size() > rule.max_bytes) {
        field.fail(code_range, "longer than " + std::to_string(rule.max_bytes) + " bytes",
                   "Shorten it");
        return false;
    }
    if (text.find('\0') != std::string::npos) {
        field.fail(code_range, "holds a NUL character", "Remove \\0 from the text");
        return false;
    }
    out = text;
    return true;
}

bool read_name(const Field& field, std::string& out, std::size_t max_bytes) {
    std::string text;
    if (!read_text(field, text)) {
        return false;
    }
    if (!is_name_text(text, max_bytes)) {
        field.fail(code_range, "not a valid name",
                   "Use 1 to " + std::to_string(max_bytes) + " characters of a-z, 0-9 and '-'");
        return false;
    }
    out = text;
    return true;
}

bool read_boolean(const Field& field, bool& out) {
    if (!field.present()) {
        return false;
    }
    if (field.node().kind != NodeKind::scalar || scalar_type(field.node()) != ScalarType::boolean) {
        field.fail_type("a boolean", "Write true or false");
        return false;
    }
    out = field.node().text == "true";
    return true;
}

bool read_integer(const Field& field, std::int64_t& out, IntegerRange range) {
    if (!field.present()) {
        return false;
    }
    if (field.node().kind != NodeKind::scalar || scalar_type(field.node()) != ScalarType::integer) {
        field.fail_type("a whole number", "Write it in decimal digits, without quotes");
        return false;
    }
    const auto value = decimal_integer(field.node().text);
    const std::string limits = std::to_string(range.min) + " to " + std::to_string(range.max);
    if (!value) {
        field.fail(code_range, shown(field.node().text) + " is not a decimal number in range",
                   "Write decimal digits without leading zeros, " + limits);
        return false;
    }
    if (*value < range.min || *value > range.max) {
        field.fail(code_range, field.node().text + " is out of range", "Allowed: " + limits);
        return false;
    }
    out = *value;
    return true;
}

bool read_number(const Field& field, double& out, NumberRange range) {
    if (!field.present()) {
        return false;
    }
    if (!is_numeric(field)) {
        field.fail_type("a number", "Write it in decimal digits, without quotes");
        return false;
    }
    const auto value = decimal_number(field.node().text);
    if (!value || *value < range.min || *value > range.max) {
        field.fail(code_range, shown(field.node().text) + " is out of range",
                   "Allowed: " + number_text(range.min) + " to " + number_text(range.max));
        return false;
    }
    out = *value;
    return true;
}

bool read_size(const Field& field, std::uint64_t& out, SizeRange range) {
    std::string text;
    if (!read_unit_text(field, text, "512MiB (units: B, KiB, MiB, GiB, TiB)")) {
        return false;
    }
    const auto bytes = parse_size_bytes(text);
    if (!bytes) {
        field.fail(code_unit, shown(text) + " is " + bytes.error().what, bytes.error().action);
        return false;
    }
    if (*bytes < range.min_bytes || *bytes > range.max_bytes) {
        field.fail(code_range, text + " is out of range",
                   "Allowed: " + size_text(range.min_bytes) + " to " + size_text(range.max_bytes));
        return false;
    }
    out = *bytes;
    return true;
}

bool read_duration(const Field& field, std::chrono::milliseconds& out, DurationRange range) {
    std::string text;
    if (!read_unit_text(field, text, "15s (units: ms, s, m, h, d)")) {
        return false;
    }
    const auto duration = parse_duration(text);
    if (!duration) {
        field.fail(code_unit, shown(text) + " is " + duration.error().what,
                   duration.error().action);
        return false;
    }
    if (*duration < range.min || *duration > range.max) {
        field.fail(code_range, text + " is out of range",
                   "Allowed: " + duration_text(range.min) + " to " + duration_text(range.max));
        return false;
    }
    out = *duration;
    return true;
}

std::optional<std::size_t> read_choice(const Field& field,
                                       std::initializer_list<std::string_view> choices) {
    std::string text;
    if (!read_text(field, text)) {
        return std::nullopt;
    }
    const auto found = std::find(choices.begin(), choices.end(), text);
    if (found == choices.end()) {
        const std::vector<std::string_view> known(choices);
        field.fail(code_range, shown(text) + " is not supported here",
                   known.size() == 1 ? "Write " + joined(known) : "One of: " + joined(known));
        return std::nullopt;
    }
    return static_cast<std::size_t>(found - choices.begin());
}

std::vector<Field> read_list(const Field& field, std::size_t max_count) {
    std::vector<Field> items;
    if (!field.present()) {
        return items;
    }
    if (field.node().kind != NodeKind::sequence) {
        field.fail_type("a list", "Write [one, two], or one '- item' per line");
        return items;
    }
    if (field.node().items.size() > max_count) {
        field.fail(code_range, "more than " + std::to_string(max_count) + " items",
                   "Shorten the list");
    }
    for (std::size_t i = 0; i < field.node().items.size(); ++i) {
        items.emplace_back(field, i);
    }
    return items;
}

std::vector<std::pair<std::string, Field>> read_entries(const Field& field) {
    std::vector<std::pair<std::string, Field>> entries;
    if (!field.present()) {
        return entries;
    }
    if (field.node().kind != NodeKind::map) {
        field.fail_type("a map", "Write {key: value}, or one 'key: value' per line");
        return entries;
    }
    for (const NodeMember& member : field.node().members) {
        entries.emplace_back(member.key, Field(field, member));
    }
    return entries;
}

void read_texts(const Field& field, std::vector<std::string>& out, TextRule rule) {
    if (!field.present()) {
        return;
    }
    out.clear();
    for (const Field& item : read_list(field)) {
        std::string text;
        if (read_text(item, text, rule)) {
            out.push_back(std::move(text));
        }
    }
}

void read_text_map(const Field& field, std::map<std::string, std::string>& out, TextRule rule) {
    for (const auto& [key, value] : read_entries(field)) {
        std::string text;
        if (key.empty() || key.find('\0') != std::string::npos) {
            value.fail_at_key(code_range, "an empty key, or one with a NUL character",
                              "Name the entry");
        } else if (read_text(value, text, rule)) {
            out[key] = std::move(text);
        }
    }
}

} // namespace gatehouse::runtime
