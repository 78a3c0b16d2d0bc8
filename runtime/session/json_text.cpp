#include "runtime/session/json_text.hpp"

#include <cstdint>

namespace gatehouse::runtime {

namespace {

constexpr std::uint32_t replacement_character = 0xfffd;

std::uint32_t hex_value_of(char digit) {
    if (digit <= '9') {
        return static_cast<std::uint32_t>(digit - '0');
    }
    return static_cast<std::uint32_t>((digit | 0x20) - 'a' + 10);
}

// The four hex digits at `at`, which the caller knows to be there.
std::uint32_t code_unit(std::string_view raw, std::size_t at) {
    std::uint32_t unit = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        unit = unit * 16 + hex_value_of(raw[at + i]);
    }
    return unit;
}

void append_utf8(std::uint32_t point, std::string& out) {
    const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xc0 | (point >> 6));
        byte(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        byte(0xe0 | (point >> 12));
        byte(0x80 | ((point >> 6) & 0x3f));
        byte(0x80 | (point & 0x3f));
    } else {
        byte(0xf0 | (point >> 18));
        byte(0x80 | ((point >> 12) & 0x3f));
        byte(0x80 | ((point >> 6) & 0x3f));
        byte(0x80 | (point & 0x3f));
    }
}

char simple_escape(char letter) {
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

// Reads the \uXXXX (or the pair) whose backslash is at `at`, and moves `at` behind it.
bool append_unicode_escape(std::string_view raw, std::size_t& at, std::string& out) {
    if (at + 6 > raw.size()) {
        at = raw.size();
        append_utf8(replacement_character, out);
        return false;
    }
    std::uint32_t point = code_unit(raw, at + 2);
    at += 6;
    if (point < 0xd800 || point > 0xdfff) {
        append_utf8(point, out);
        return true;
    }
    const bool pair_possible =
        point < 0xdc00 && at + 6 <= raw.size() && raw[at] == '\\' && raw[at + 1] == 'u';
    const std::uint32_t low = pair_possible ? code_unit(raw, at + 2) : 0;
    if (low < 0xdc00 || low > 0xdfff) {
        append_utf8(replacement_character, out);
        return false;
    }
    at += 6;
    append_utf8(0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00), out);
    return true;
}

} // namespace

bool append_unescaped(std::string_view raw, std::string& out) {
    bool complete = true;
    std::size_t at = 0;
    while (at < raw.size()) {
        const std::size_t backslash = raw.find('\\', at);
        if (backslash == std::string_view::npos || backslash + 1 >= raw.size()) {
            out.append(raw.substr(at));
            return complete;
        }
        out.append(raw.substr(at, backslash - at));
        at = backslash;
        if (raw[at + 1] == 'u') {
            complete = append_unicode_escape(raw, at, out) && complete;
        } else {
            out.push_back(simple_escape(raw[at + 1]));
            at += 2;
        }
    }
    return complete;
}

bool spells(std::string_view raw, std::string_view text) {
    if (raw.find('\\') == std::string_view::npos) {
        return raw == text;
    }
    std::string plain;
    append_unescaped(raw, plain);
    return plain == text;
}

void append_quoted(std::string_view text, std::string& out) {
    constexpr std::string_view digits = "0123456789abcdef";
    out.push_back('"');
    const char* at = text.data();
    const char* const end = at + text.size();
    while (true) {
        const char* const special = skip_plain_text(at, end);
        out.append(at, special);
        if (special == end) {
            break;
        }
        const auto byte = static_cast<unsigned char>(*special);
        if (byte >= 0x20) {
            out.push_back('\\');
            out.push_back(*special);
        } else {
            out.append("\\u00");
            out.push_back(digits[byte >> 4]);
            out.push_back(digits[byte & 15]);
        }
        at = special + 1;
    }
    out.push_back('"');
}

} // namespace gatehouse::runtime
