// Inside of JSON strings: finding their end fast, and undoing their escapes. Pure; never reads past
// `end`.
#pragma once

#include <bit>
#include <cstddef>
#include <emmintrin.h>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

// The first byte in [at, end) that is a quote, a backslash or a control byte; `end` if there is
// none.
inline const char* skip_plain_text(const char* at, const char* end) {
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i last_control = _mm_set1_epi8(0x1f);
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        const __m128i marks =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(marks, control)));
        if (mask != 0) {
            return at + std::countr_zero(mask);
        }
        at += 16;
    }
    while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) > 0x1f) {
        ++at;
    }
    return at;
}

inline const char* skip_space(const char* at, const char* end) {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        ++at;
    }
    return at;
}

// Appends the text of a valid string's inside, escapes undone. An escaped surrogate without its
// partner becomes U+FFFD. False if there was one.
bool append_unescaped(std::string_view raw, std::string& out);

// Whether the inside of a valid string literal spells `text`.
bool spells(std::string_view raw, std::string_view text);

// Appends text as a JSON string with quotes. The text must be valid UTF-8 to give valid JSON.
void append_quoted(std::string_view text, std::string& out);

} // namespace gatehouse::runtime
