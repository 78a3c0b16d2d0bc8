// The checks of a manifest that look at the disk: the source folder and the command in it. Used by
// the reader of connector manifests.
#pragma once

#include "runtime/manifest/field.hpp"

#include <filesystem>
#include <string>

namespace gatehouse::runtime {

// The canonical folder; empty with GH-C509 reported if there is no such folder. GH-C511 if it holds
// a unix socket.
std::filesystem::path check_source_folder(const Field& field, const std::filesystem::path& path);

// Reports GH-C510 unless the first word of the command can be executed inside the sandbox: a
// relative path below the source folder (mounted at /app), or a name in
// /usr/local/bin:/usr/bin:/bin.
void check_command(const Field& field, const std::string& program,
                   const std::filesystem::path& source_dir);

} // namespace gatehouse::runtime
