// Vault: shared secrets, encrypted at rest. One random data key per record version seals the value
// (XChaCha20-Poly1305, the record's identity as associated data); the key-encryption key from the
// key file wraps it. Without a key the vault is sealed (GH-A105), never plaintext.
#pragma once

#include "gateway/store/store.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/credential_source.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::gateway {

struct SecretInfo {
    std::string name;
    int version = 0;
    std::string set_at; // RFC 3339
};

class Vault final : public runtime::CredentialSource {
  public:
    // Generates the key file (mode 0400, fsync) if it does not exist and no secret is stored yet;
    // refuses a key file of a wrong owner, a mode wider than 0400 or a wrong size (GH-A106).
    static Result<std::unique_ptr<Vault>> open(Store& store, const Clock& clock,
                                               const std::filesystem::path& key_file);
    ~Vault() override;
    // Names [a-z0-9-]{1,64}; at most 64 KiB. A new version replaces the old one.
    Result<SecretInfo> set(const SecretName& name, Secret value);
    Result<void> remove(const SecretName& name);
    std::vector<SecretInfo> list() const;
    // Version now in force; 0 if not set. No decryption.
    int version(const SecretName& name) const;
    Result<Secret> shared_secret(const SecretName& name) override;

  private:
    struct Impl;
    explicit Vault(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
