// The key file of the vault: 32 random bytes, mode 0400, owned by the user Gatehouse runs as.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/secret.hpp"

#include <filesystem>
#include <optional>

namespace gatehouse::gateway {

// Empty if there is no such file. Error GH-A106: wrong owner, kind, mode or size, or not readable.
Result<std::optional<Secret>> read_key_file(const std::filesystem::path& file);

// Makes the file, complete or not at all: written aside, synced, then linked to its name, so that a
// crash leaves no short key. Never replaces a file. Missing folders are made with mode 0700.
// Error GH-A106.
Result<Secret> create_key_file(const std::filesystem::path& file);

} // namespace gatehouse::gateway
