#include "gateway/mcp/random_id.hpp"

#include "runtime/base/assert.hpp"

#include <array>
#include <string_view>
#include <sys/random.h>

namespace gatehouse::gateway {

std::string random_id() {
    std::array<unsigned char, 16> bytes{};
    const ssize_t got = ::getrandom(bytes.data(), bytes.size(), 0);
    GH_ASSERT(got == static_cast<ssize_t>(bytes.size()));
    std::string text;
    for (const unsigned char byte : bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

} // namespace gatehouse::gateway
