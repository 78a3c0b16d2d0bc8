#include "gateway/store/migrations.hpp"

#include <array>

namespace gatehouse::gateway {

namespace {

constexpr const char* agents_sql = R"sql(
CREATE TABLE agents (
    name       TEXT PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    token_hint TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
)sql";

// secret_versions outlives the secret, so that a name set anew after its removal never reuses a
// version: "name@version" in the journal means one value for ever, and an old ciphertext cannot be
// put back.
constexpr const char* secrets_sql = R"sql(
CREATE TABLE secret_versions (
    name         TEXT PRIMARY KEY,
    last_version INTEGER NOT NULL
) STRICT;
CREATE TABLE secrets (
    name        TEXT PRIMARY KEY REFERENCES secret_versions (name),
    version     INTEGER NOT NULL,
    set_at      TEXT NOT NULL,
    wrap_nonce  BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    nonce       BLOB NOT NULL,
    ciphertext  BLOB NOT NULL
) STRICT;
CREATE TABLE vault_key (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    nonce      BLOB NOT NULL,
    ciphertext BLOB NOT NULL
) STRICT;
)sql";

constexpr std::array<StoreMigration, 2> all_migrations{{
    {1, agents_sql},
    {2, secrets_sql},
}};

} // namespace

std::span<const StoreMigration> store_migrations() {
    return all_migrations;
}

} // namespace gatehouse::gateway
