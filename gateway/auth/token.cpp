#include "gateway/auth/token.hpp"

#include "runtime/base/assert.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string>

namespace gatehouse::gateway {

namespace {

constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void append_base64url(std::string& text, const unsigned char* bytes, std::size_t size) {
    unsigned buffer = 0;
    int bits = 0;
    for (std::size_t i = 0; i < size; ++i) {
        buffer = (buffer << 8) | bytes[i];
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += base64url_alphabet[(buffer >> bits) & 63U];
        }
    }
    if (bits > 0) {
        text += base64url_alphabet[(buffer << (6 - bits)) & 63U];
    }
}

} // namespace

Result<Secret> make_token() {
    std::array<unsigned char, token_random_bytes> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
        return Error{"GH-A113", "no token could be made", "",
                     "the system's random number generator failed", "try again"};
    }
    std::string text;
    // Reserved, so that no reallocation leaves a copy behind.
    text.reserve(token_length);
    text += token_prefix;
    append_base64url(text, random.data(), random.size());
    OPENSSL_cleanse(random.data(), random.size());
    GH_ASSERT(text.size() == token_length);
    return Secret(std::move(text));
}

bool token_is_well_formed(std::string_view token) {
    if (token.size() != token_length) {
        return false;
    }
    bool good = true;
    for (std::size_t i = 0; i < token.size(); ++i) {
        const char c = token[i];
        if (i < token_prefix.size()) {
            good &= c == token_prefix[i];
        } else {
            good &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_';
        }
    }
    return good;
}

struct TokenHasher::Impl {
    // Fetched once: a fetch by name costs more than the hash.
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Impl() {
        EVP_MD_CTX_free(context);
        EVP_MD_free(algorithm);
    }
};

TokenHasher::TokenHasher() : impl_(std::make_unique<Impl>()) {
    GH_ASSERT(impl_->algorithm != nullptr && impl_->context != nullptr);
}
TokenHasher::~TokenHasher() = default;

TokenHash TokenHasher::hash(std::string_view token) {
    TokenHash result{};
    unsigned size = 0;
    const bool done = EVP_DigestInit_ex2(impl_->context, impl_->algorithm, nullptr) == 1 &&
                      EVP_DigestUpdate(impl_->context, token.data(), token.size()) == 1 &&
                      EVP_DigestFinal_ex(impl_->context, result.data(), &size) == 1;
    GH_ASSERT(done && size == result.size());
    return result;
}

} // namespace gatehouse::gateway
