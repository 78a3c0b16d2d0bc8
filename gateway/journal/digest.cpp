#include "gateway/journal/digest.hpp"

#include "runtime/base/assert.hpp"

#include <array>
#include <openssl/sha.h>

namespace gatehouse::gateway {

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    const auto* made = ::SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                digest.data());
    GH_ASSERT(made != nullptr);
    std::string text;
    text.reserve(digest.size() * 2);
    for (const unsigned char byte : digest) {
        constexpr std::string_view digits = "0123456789abcdef";
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

} // namespace gatehouse::gateway
