// The data folder of one daemon: made with mode 0700, and held by a lock so that a second daemon on
// the same folder is refused.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"

#include <filesystem>

namespace gatehouse::gateway {

// The descriptor holds the lock; it is free again when the daemon ends, however it ends. Errors
// GH-G904 (another daemon), GH-G903 (cannot be made or written).
Result<UniqueFd> lock_data_folder(const std::filesystem::path& folder);

} // namespace gatehouse::gateway
