// Migrations: the numbered steps that bring a store file from any earlier schema to this one. A
// step is never changed once released; a new one is added behind it. Pure data; used by Store and
// its tests.
#pragma once

#include <span>

namespace gatehouse::gateway {

struct StoreMigration {
    int version;     // the schema version after the step; 1, 2, 3 … without gaps
    const char* sql; // one or more statements, run inside one transaction
};

std::span<const StoreMigration> store_migrations();

// Marks the file as ours (PRAGMA application_id): "GHst".
constexpr int store_application_id = 0x47487374;

} // namespace gatehouse::gateway
