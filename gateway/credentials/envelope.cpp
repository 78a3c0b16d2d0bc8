#include "gateway/credentials/envelope.hpp"

#include "runtime/base/assert.hpp"

#include <sodium.h>

namespace gatehouse::gateway {

namespace {

static_assert(vault_key_bytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* as_bytes(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* as_bytes(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

Secret random_key() {
    std::string bytes(vault_key_bytes, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return Secret(std::move(bytes));
}

// The wrap of a data key and the value it seals must not be exchangeable either.
std::string wrap_identity(std::string_view identity) {
    return "wrap:" + std::string(identity);
}

} // namespace

SealedText seal_text(const Secret& key, std::string_view text, std::string_view identity) {
    GH_ASSERT(key.size_bytes() == vault_key_bytes);
    SealedText sealed{std::string(nonce_bytes, '\0'), std::string(text.size() + tag_bytes, '\0')};
    randombytes_buf(sealed.nonce.data(), sealed.nonce.size());
    unsigned long long written = 0;
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        as_bytes(sealed.ciphertext), &written, as_bytes(text), text.size(), as_bytes(identity),
        identity.size(), nullptr, as_bytes(sealed.nonce), as_bytes(key.reveal()));
    GH_ASSERT(written == sealed.ciphertext.size());
    return sealed;
}

std::optional<Secret> open_text(const Secret& key, const SealedText& sealed,
                                std::string_view identity) {
    if (key.size_bytes() != vault_key_bytes || sealed.nonce.size() != nonce_bytes ||
        sealed.ciphertext.size() < tag_bytes) {
        return std::nullopt;
    }
    std::string text(sealed.ciphertext.size() - tag_bytes, '\0');
    unsigned long long written = 0;
    const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
        as_bytes(text), &written, nullptr, as_bytes(std::string_view(sealed.ciphertext)),
        sealed.ciphertext.size(), as_bytes(identity), identity.size(),
        as_bytes(std::string_view(sealed.nonce)), as_bytes(key.reveal()));
    if (opened != 0) {
        sodium_memzero(text.data(), text.size());
        return std::nullopt;
    }
    return Secret(std::move(text));
}

SealedRecord seal_record(const Secret& kek, std::string_view value, std::string_view identity) {
    const Secret data_key = random_key();
    SealedText sealed = seal_text(data_key, value, identity);
    SealedText wrapped = seal_text(kek, data_key.reveal(), wrap_identity(identity));
    return SealedRecord{std::move(wrapped.nonce), std::move(wrapped.ciphertext),
                        std::move(sealed.nonce), std::move(sealed.ciphertext)};
}

std::optional<Secret> open_record(const Secret& kek, const SealedRecord& record,
                                  std::string_view identity) {
    const auto data_key =
        open_text(kek, {record.wrap_nonce, record.wrapped_key}, wrap_identity(identity));
    if (!data_key) {
        return std::nullopt;
    }
    return open_text(*data_key, {record.nonce, record.ciphertext}, identity);
}

std::string record_identity(std::string_view kind, std::string_view name, int version) {
    const std::string number = std::to_string(version);
    std::string identity = "gatehouse/1";
    for (const std::string_view part : {kind, name, std::string_view(number)}) {
        identity += '/';
        identity += std::to_string(part.size());
        identity += ':';
        identity += part;
    }
    return identity;
}

} // namespace gatehouse::gateway
