// Envelope encryption: a random data key seals the value, the key-encryption key (KEK) wraps the
// data key; both ciphertexts are bound to the record's identity. Pure but for randomness. Used by
// Vault.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/secret.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

constexpr std::size_t vault_key_bytes = 32;

struct SealedRecord {
    std::string wrap_nonce;
    std::string wrapped_key;
    std::string nonce;
    std::string ciphertext;
};

struct SealedText {
    std::string nonce;
    std::string ciphertext;
};

// `identity` is authenticated, not stored: what names the record, see record_identity.
SealedRecord seal_record(const Secret& kek, std::string_view value, std::string_view identity);
// Empty if key, identity or any byte is not the one it was sealed with.
std::optional<Secret> open_record(const Secret& kek, const SealedRecord& record,
                                  std::string_view identity);

// One text under the key itself.
SealedText seal_text(const Secret& key, std::string_view text, std::string_view identity);
std::optional<Secret> open_text(const Secret& key, const SealedText& sealed,
                                std::string_view identity);

// Unambiguous: every part is preceded by its length.
std::string record_identity(std::string_view kind, std::string_view name, int version);

} // namespace gatehouse::gateway
