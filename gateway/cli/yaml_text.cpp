#include "gateway/cli/yaml_text.hpp"

#include <algorithm>
#include <array>

namespace gatehouse::gateway {

namespace {

// The code point of a sequence that steers terminals and is longer than one byte; 0 if it is none.
unsigned steering_point(std::string_view text, std::size_t at) {
    const auto byte = [text, at](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) {
        return byte(1);
    }
    if (byte(0) != 0xE2 || (byte(1) != 0x80 && byte(1) != 0x81)) {
        return 0;
    }
    const unsigned point = 0x2000U | ((byte(1) & 0x3FU) << 6) | (byte(2) & 0x3FU);
    const bool overrides = point >= 0x202A && point <= 0x202E;
    const bool isolates = point >= 0x2066 && point <= 0x2069;
    const bool separators = point == 0x2028 || point == 0x2029; // line breaks to YAML readers
    return overrides || isolates || separators ? point : 0;
}

void append_unicode_escape(std::string& out, unsigned point) {
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) {
        out += digits[(point >> shift) & 0xF];
    }
}

std::string quoted_json_text(const std::string& text) {
    return escape_json_controls(json_quote(text));
}

// A text that no reader takes for a number, a truth value, null, a date or syntax.
bool is_plain(const std::string& text) {
    constexpr std::array<std::string_view, 11> taken{"true", "false", "null", "yes", "no", "on",
                                                     "off",  "y",     "n",    "inf", "nan"};
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const auto inner = [letter](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '/';
    };
    if (text.empty() || text.size() > 200 || !(letter(text.front()) || text.front() == '/')) {
        return false;
    }
    std::string lower = text;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::all_of(text.begin(), text.end(), inner) &&
           std::find(taken.begin(), taken.end(), lower) == taken.end();
}

std::string scalar_text(const Json& json) {
    if (!json.is_string()) {
        return json.is_object() ? "{}" : json.is_array() ? "[]" : dump_json(json);
    }
    const auto& text = json.get_ref<const std::string&>();
    return is_plain(text) ? text : quoted_json_text(text);
}

bool is_block(const Json& json) {
    return json.is_structured() && !json.empty();
}

// `first_indent`: of the first line, where a list's dash stands before it.
void append_block(std::string& out, const Json& json, std::size_t indent, bool after_dash) {
    bool first = after_dash;
    const auto begin_line = [&] {
        out.append(first ? 0 : indent, ' ');
        first = false;
    };
    if (json.is_object()) {
        for (const auto& [key, value] : json.items()) {
            begin_line();
            out += scalar_text(Json(key)) + ":";
            if (!is_block(value)) {
                out += " " + scalar_text(value) + "\n";
                continue;
            }
            out += '\n';
            append_block(out, value, indent + (value.is_array() ? 0 : 2), false);
        }
        return;
    }
    for (const Json& value : json) {
        begin_line();
        out += "- ";
        if (is_block(value)) {
            append_block(out, value, indent + 2, true);
        } else {
            out += scalar_text(value) + "\n";
        }
    }
}

} // namespace

std::string escape_json_controls(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    for (std::size_t at = 0; at < json.size();) {
        const bool del = json[at] == '\x7f';
        const unsigned point = del ? 0x7FU : steering_point(json, at);
        if (point == 0) {
            out += json[at];
            ++at;
            continue;
        }
        append_unicode_escape(out, point);
        at += del ? 1 : point < 0x100 ? 2 : 3;
    }
    return out;
}

std::string yaml_text(const Json& json) {
    if (!is_block(json)) {
        return scalar_text(json) + "\n";
    }
    std::string out;
    append_block(out, json, 0, false);
    return out;
}

std::string shown_json_text(const Json& json) {
    return escape_json_controls(json.dump(2, ' ', false, Json::error_handler_t::replace));
}

} // namespace gatehouse::gateway
