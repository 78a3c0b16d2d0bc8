#include "gateway/journal/sha256.hpp"

#include "runtime/base/assert.hpp"

#include <openssl/evp.h>

namespace gatehouse::gateway {

struct JournalHasher::Impl {
    // Fetched once: a fetch by name costs more than the hash of a record.
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ~Impl() {
        EVP_MD_CTX_free(context);
        EVP_MD_free(algorithm);
    }
};

JournalHasher::JournalHasher() : impl_(std::make_unique<Impl>()) {
    GH_ASSERT(impl_->algorithm != nullptr && impl_->context != nullptr);
}
JournalHasher::~JournalHasher() = default;
JournalHasher::JournalHasher(JournalHasher&&) noexcept = default;
JournalHasher& JournalHasher::operator=(JournalHasher&&) noexcept = default;

HexDigest zero_digest() {
    HexDigest digest;
    digest.fill('0');
    return digest;
}

HexDigest JournalHasher::hex(std::string_view bytes) {
    std::array<unsigned char, 32> raw{};
    unsigned size = 0;
    const bool done = EVP_DigestInit_ex2(impl_->context, impl_->algorithm, nullptr) == 1 &&
                      EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1 &&
                      EVP_DigestFinal_ex(impl_->context, raw.data(), &size) == 1;
    GH_ASSERT(done && size == raw.size());
    constexpr std::string_view digits = "0123456789abcdef";
    HexDigest digest;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        digest[2 * i] = digits[raw[i] >> 4];
        digest[2 * i + 1] = digits[raw[i] & 15U];
    }
    return digest;
}

} // namespace gatehouse::gateway
