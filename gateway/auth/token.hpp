// API tokens: how one is made, recognised and hashed. Internal to auth/; the adapter around
// OpenSSL.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/secret.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace gatehouse::gateway {

constexpr std::string_view token_prefix = "gth_";
constexpr std::size_t token_random_bytes = 32;
// base64url without padding: 32 bytes are 43 characters.
constexpr std::size_t token_length = 4 + 43;

using TokenHash = std::array<unsigned char, 32>;

// 256 fresh random bits. Error GH-A113: the system gives no randomness.
Result<Secret> make_token();

// The shape only: prefix, length, alphabet. Looks at every character, whatever comes first.
bool token_is_well_formed(std::string_view token);

// SHA-256 with one reused context; not thread-safe.
class TokenHasher {
  public:
    TokenHasher();
    ~TokenHasher();
    TokenHasher(const TokenHasher&) = delete;
    TokenHasher& operator=(const TokenHasher&) = delete;
    TokenHash hash(std::string_view token);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
