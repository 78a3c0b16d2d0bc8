// SHA-256 as hexadecimal text, with one reused context. Internal to journal/; the adapter around
// OpenSSL.
#pragma once

#include <array>
#include <memory>
#include <string_view>

namespace gatehouse::gateway {

using HexDigest = std::array<char, 64>;

inline std::string_view digest_text(const HexDigest& digest) {
    return {digest.data(), digest.size()};
}

// What the first record of a chain has as `prev`.
HexDigest zero_digest();

// Not thread-safe.
class JournalHasher {
  public:
    JournalHasher();
    ~JournalHasher();
    JournalHasher(JournalHasher&&) noexcept;
    JournalHasher& operator=(JournalHasher&&) noexcept;
    HexDigest hex(std::string_view bytes);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
