#include "runtime/logs/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace gatehouse::runtime {

namespace {

constexpr std::uint32_t reversed_polynomial = 0x82F63B78U;

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value >> 1U) ^ ((value & 1U) != 0 ? reversed_polynomial : 0U);
        }
        table[byte] = value;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> crc_table = make_crc_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse(std::uint32_t seed,
                                                           std::string_view bytes) {
    std::uint64_t value = ~seed;
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        value = _mm_crc32_u64(value, word);
        at += sizeof word;
    }
    auto narrow = static_cast<std::uint32_t>(value);
    for (; left > 0; --left) {
        narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*at++));
    }
    return ~narrow;
}
#endif

} // namespace

std::uint32_t crc32c_portable(std::uint32_t seed, std::string_view bytes) {
    std::uint32_t value = ~seed;
    for (const char byte : bytes) {
        value = (value >> 8U) ^ crc_table[(value ^ static_cast<unsigned char>(byte)) & 0xFFU];
    }
    return ~value;
}

std::uint32_t crc32c(std::uint32_t seed, std::string_view bytes) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2") != 0) {
        return crc32c_sse(seed, bytes);
    }
#endif
    return crc32c_portable(seed, bytes);
}

} // namespace gatehouse::runtime
