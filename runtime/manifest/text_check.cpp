#include "runtime/manifest/text_check.hpp"

#include <array>
#include <cstdio>

namespace gatehouse::runtime {

namespace {

// The length of the UTF-8 sequence at `at`, 0 if it is malformed, overlong, a surrogate or beyond
// U+10FFFF.
std::size_t utf8_sequence_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
    if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const unsigned char second = byte(at + 1);
    const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    const bool outside = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return overlong || outside ? 0 : length;
}

std::string hex_byte(char c) {
    std::array<char, 8> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "0x%02X",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    return buffer.data();
}

} // namespace

std::optional<BadCharacter> find_bad_character(std::string_view text) {
    Place place{1, 1};
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        const std::size_t length = utf8_sequence_length(text, at);
        if (length == 0) {
            return BadCharacter{place, "the file is not UTF-8 text (byte " + hex_byte(c) + ")"};
        }
        const bool control = length == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F);
        if (control && c != '\t' && c != '\n' && c != '\r') {
            return BadCharacter{place, "a control character (" + hex_byte(c) + ")"};
        }
        place = c == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
        at += length;
    }
    return std::nullopt;
}

} // namespace gatehouse::runtime
