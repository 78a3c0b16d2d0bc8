#include "gateway/credentials/vault.hpp"

#include "gateway/credentials/envelope.hpp"
#include "gateway/credentials/key_file.hpp"
#include "runtime/base/log.hpp"

#include <algorithm>
#include <map>
#include <sodium.h>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t secret_name_max_length = 64;
constexpr std::size_t secret_max_bytes = 64 * 1024;
constexpr std::string_view key_check_text = "gatehouse vault";

bool secret_name_is_valid(const std::string& name) {
    return !name.empty() && name.size() <= secret_name_max_length &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
           });
}

Error sealed_error(const std::filesystem::path& key_file, std::string why) {
    return Error{"GH-A105", "the vault is sealed", key_file.string(), std::move(why),
                 "put the key file from the backup in its place (mode 0400); without it the stored "
                 "secrets cannot be read and have to be removed and set anew"};
}

Error unset_error(const SecretName& name) {
    return Error{"GH-A102", "the secret is not set", name.str(), "",
                 "set it with `gatehouse secret set " + name.str() + "`"};
}

Error damaged_error(const SecretName& name) {
    return Error{"GH-A107", "the secret cannot be decrypted", name.str(),
                 "its record in the store was changed outside of Gatehouse",
                 "set it anew with `gatehouse secret set " + name.str() +
                     "`, and find out who "
                     "changed the store"};
}

} // namespace

struct Vault::Impl {
    Store& store;
    const Clock& clock;
    Secret kek;
    std::map<std::string, SecretInfo> secrets;

    Impl(Store& its_store, const Clock& its_clock) : store(its_store), clock(its_clock) {}

    Result<void> load();
    Result<void> unseal(const std::filesystem::path& key_file);
    Result<void> check_key(const std::filesystem::path& key_file);
    Result<void> write_key_check();
    Result<int> next_version(const SecretName& name);
    Result<void> write(const SecretInfo& info, const SealedRecord& record);
};

Result<void> Vault::Impl::load() {
    auto rows = store.query("SELECT name, version, set_at FROM secrets");
    if (!rows) {
        return rows.error();
    }
    for (const StoreRow& row : *rows) {
        SecretInfo info{std::get<std::string>(row[0]),
                        static_cast<int>(std::get<std::int64_t>(row[1])),
                        std::get<std::string>(row[2])};
        secrets.emplace(info.name, info);
    }
    return {};
}

// The key proves itself on a text sealed with it, so that a wrong key file is told at the start and
// not at the first use of a secret.
Result<void> Vault::Impl::write_key_check() {
    const SealedText sealed = seal_text(kek, key_check_text, record_identity("key", "check", 1));
    return store.execute("INSERT OR REPLACE INTO vault_key (id, nonce, ciphertext) "
                         "VALUES (1, CAST(? AS BLOB), CAST(? AS BLOB))",
                         {sealed.nonce, sealed.ciphertext});
}

Result<void> Vault::Impl::check_key(const std::filesystem::path& key_file) {
    auto rows = store.query("SELECT nonce, ciphertext FROM vault_key WHERE id = 1");
    if (!rows) {
        return rows.error();
    }
    if (!rows->empty()) {
        const StoreRow& row = rows->front();
        const auto text =
            open_text(kek, {std::get<std::string>(row[0]), std::get<std::string>(row[1])},
                      record_identity("key", "check", 1));
        if (text && text->reveal() == key_check_text) {
            return {};
        }
    }
    if (!secrets.empty()) {
        return Error{"GH-A106", "the vault's key file cannot be used", key_file.string(),
                     "it is not the key the stored secrets were sealed with",
                     "put the right key file from the backup in its place"};
    }
    // Nothing is sealed with another key, so this key becomes the vault's.
    return write_key_check();
}

Result<void> Vault::Impl::unseal(const std::filesystem::path& key_file) {
    auto key = read_key_file(key_file);
    if (!key) {
        return key.error();
    }
    if (*key) {
        kek = std::move(**key);
        return check_key(key_file);
    }
    if (!secrets.empty()) {
        return sealed_error(key_file, "the key file is missing, and " +
                                          std::to_string(secrets.size()) +
                                          " secret(s) are stored that only it opens");
    }
    auto created = create_key_file(key_file);
    if (!created) {
        return created.error();
    }
    kek = std::move(*created);
    log_info("vault: made the key file " + key_file.string() +
             "; keep a copy of it apart from the data folder's backup");
    return write_key_check();
}

Vault::Vault(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Vault::~Vault() = default;

Result<std::unique_ptr<Vault>> Vault::open(Store& store, const Clock& clock,
                                           const std::filesystem::path& key_file) {
    if (sodium_init() < 0) {
        return sealed_error(key_file, "libsodium cannot start");
    }
    auto impl = std::make_unique<Impl>(store, clock);
    auto loaded = impl->load();
    if (!loaded) {
        return loaded.error();
    }
    auto unsealed = impl->unseal(key_file);
    if (!unsealed) {
        return unsealed.error();
    }
    return std::unique_ptr<Vault>(new Vault(std::move(impl)));
}

Result<int> Vault::Impl::next_version(const SecretName& name) {
    auto rows = store.query("INSERT INTO secret_versions (name, last_version) VALUES (?, 1) "
                            "ON CONFLICT (name) DO UPDATE SET last_version = last_version + 1 "
                            "RETURNING last_version",
                            {name.str()});
    if (!rows) {
        return rows.error();
    }
    return static_cast<int>(std::get<std::int64_t>(rows->at(0).at(0)));
}

Result<void> Vault::Impl::write(const SecretInfo& info, const SealedRecord& record) {
    return store.execute(
        "INSERT OR REPLACE INTO secrets "
        "(name, version, set_at, wrap_nonce, wrapped_key, nonce, ciphertext) VALUES "
        "(?, ?, ?, CAST(? AS BLOB), CAST(? AS BLOB), CAST(? AS BLOB), CAST(? AS BLOB))",
        {info.name, std::int64_t{info.version}, info.set_at, record.wrap_nonce, record.wrapped_key,
         record.nonce, record.ciphertext});
}

Result<SecretInfo> Vault::set(const SecretName& name, Secret value) {
    if (!secret_name_is_valid(name.str())) {
        return Error{"GH-A108", "the secret's name is not valid", "",
                     "a name is 1 to 64 of a-z, 0-9 and -", "choose another name"};
    }
    if (value.empty() || value.size_bytes() > secret_max_bytes) {
        return Error{"GH-A109", "the secret's value cannot be stored", name.str(),
                     value.empty() ? "it is empty" : "it is longer than 64 KiB",
                     "give the value on standard input"};
    }
    SecretInfo info{name.str(), 0, rfc3339_text(impl_->clock.wall_now())};
    auto done = impl_->store.transaction([&]() -> Result<void> {
        auto version = impl_->next_version(name);
        if (!version) {
            return version.error();
        }
        info.version = *version;
        return impl_->write(info, seal_record(impl_->kek, value.reveal(),
                                              record_identity("shared", info.name, info.version)));
    });
    if (!done) {
        return done.error();
    }
    impl_->secrets.insert_or_assign(info.name, info);
    return info;
}

Result<void> Vault::remove(const SecretName& name) {
    if (!impl_->secrets.contains(name.str())) {
        return unset_error(name);
    }
    auto removed = impl_->store.execute("DELETE FROM secrets WHERE name = ?", {name.str()});
    if (removed) {
        impl_->secrets.erase(name.str());
    }
    return removed;
}

std::vector<SecretInfo> Vault::list() const {
    std::vector<SecretInfo> infos;
    for (const auto& [name, info] : impl_->secrets) {
        infos.push_back(info);
    }
    return infos;
}

int Vault::version(const SecretName& name) const {
    const auto found = impl_->secrets.find(name.str());
    return found == impl_->secrets.end() ? 0 : found->second.version;
}

Result<Secret> Vault::shared_secret(const SecretName& name) {
    const auto known = impl_->secrets.find(name.str());
    if (known == impl_->secrets.end()) {
        return unset_error(name);
    }
    auto rows = impl_->store.query(
        "SELECT wrap_nonce, wrapped_key, nonce, ciphertext FROM secrets WHERE name = ?",
        {name.str()});
    if (!rows) {
        return rows.error();
    }
    if (rows->size() != 1) {
        return damaged_error(name);
    }
    const StoreRow& row = rows->front();
    const SealedRecord record{std::get<std::string>(row[0]), std::get<std::string>(row[1]),
                              std::get<std::string>(row[2]), std::get<std::string>(row[3])};
    // The version in force is the one in memory: a row put back from an old copy does not open.
    auto value = open_record(impl_->kek, record,
                             record_identity("shared", name.str(), known->second.version));
    if (!value) {
        return damaged_error(name);
    }
    return std::move(*value);
}

} // namespace gatehouse::gateway
