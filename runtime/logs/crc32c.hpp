// CRC-32C (Castagnoli), in hardware where the processor has it. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace gatehouse::runtime {

// The seed takes the place of the usual start value, so that equal bytes of two files differ.
std::uint32_t crc32c(std::uint32_t seed, std::string_view bytes);

// Without the processor's help; the same values.
std::uint32_t crc32c_portable(std::uint32_t seed, std::string_view bytes);

} // namespace gatehouse::runtime
