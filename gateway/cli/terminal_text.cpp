#include "gateway/cli/terminal_text.hpp"

#include <array>
#include <cstdint>

namespace gatehouse::gateway {

namespace {

bool continues(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Length of the sequence at `at`, 0 if it is not valid UTF-8 (overlong forms of two bytes
// included).
std::size_t sequence_length(std::string_view text, std::size_t at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80    ? 1
                               : lead < 0xC2  ? 0
                               : lead < 0xE0  ? 2
                               : lead < 0xF0  ? 3
                               : lead <= 0xF4 ? 4
                                              : 0;
    if (at + length > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (!continues(text[at + i])) {
            return 0;
        }
    }
    return length;
}

// Whether a terminal would act on it, or show the text in another order than it stands.
bool steers_terminal(std::string_view sequence) {
    const auto first = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 1) {
        return (first < 0x20 && first != '\t') || first == 0x7F;
    }
    if (sequence.size() == 2) {
        return first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
    }
    if (sequence.size() == 3 && first == 0xE2) {
        const auto second = static_cast<unsigned char>(sequence[1]);
        const auto third = static_cast<unsigned char>(sequence[2]);
        return (second == 0x80 && third >= 0xAA && third <= 0xAE) || // U+202A…U+202E
               (second == 0x81 && third >= 0xA6 && third <= 0xA9);   // U+2066…U+2069
    }
    return false;
}

void append_escaped(std::string& out, std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += "\\x";
        out += digits[byte >> 4];
        out += digits[byte & 0xF];
    }
}

} // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (const char c : text) {
        width += continues(c) ? 0 : 1;
    }
    return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) {
        return std::string(text);
    }
    if (width == 0) {
        return {};
    }
    std::size_t end = 0;
    std::size_t taken = 0;
    while (end < text.size() && (taken + 1 < width || continues(text[end]))) {
        taken += continues(text[end]) ? 0 : 1;
        ++end;
    }
    return std::string(text.substr(0, end)) + "…";
}

std::string escape_controls(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text, at);
        const std::string_view sequence = text.substr(at, length == 0 ? 1 : length);
        if (length == 0 || steers_terminal(sequence)) {
            append_escaped(out, sequence);
        } else {
            out += sequence;
        }
        at += sequence.size();
    }
    return out;
}

std::string tinted(std::string_view text, Tint tint, bool colour) {
    constexpr std::array<std::string_view, 5> begin{"", "\033[32m", "\033[33m", "\033[31m",
                                                    "\033[2m"};
    if (!colour || tint == Tint::none) {
        return std::string(text);
    }
    return std::string(begin[static_cast<std::size_t>(tint)]) + std::string(text) + "\033[0m";
}

Tint tint_of_health(std::string_view health) {
    if (health == "healthy") {
        return Tint::good;
    }
    if (health == "idle" || health == "stopped" || health == "starting" || health == "unknown") {
        return Tint::dim;
    }
    return health == "degraded" ? Tint::warn : Tint::bad;
}

} // namespace gatehouse::gateway
