// Small files that are replaced as a whole: a reader sees the old text or the new one.
#pragma once

#include "runtime/base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

// Whether the text must outlive a loss of power, or only this process.
enum class Durability { power_loss, process };

// Makes the folder if needed; mode 0600. The error text says which step failed and why.
Result<void> replace_small_file(const std::filesystem::path& file, std::string_view text,
                                Durability durability = Durability::power_loss);
// Nothing if it is not there, cannot be read, or is longer than max_bytes.
std::optional<std::string> read_small_file(const std::filesystem::path& file,
                                           std::size_t max_bytes);

} // namespace gatehouse::runtime
