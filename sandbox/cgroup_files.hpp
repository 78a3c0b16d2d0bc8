// The small files of a control group, and the removal of groups whose owner is gone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::sandbox {

// At most 64 KiB; nothing if the file cannot be read.
std::optional<std::string> read_group_file(const std::filesystem::path& path);
std::optional<std::uint64_t> read_group_number(const std::filesystem::path& path);
// The number after the word, at the start of a line ("oom_kill 3").
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view word);
// Returns 0 or errno.
int write_group_file(const std::filesystem::path& path, std::string_view text);

// Kills every process in the group (not in groups below it) that this process can see.
void kill_group(const std::filesystem::path& group);
// Removes the groups that daemons before this one left below `folder`. A living daemon holds a lock
// on its own folder there, so it is passed over. Waits at most half a second for processes to end.
void sweep_groups(const std::filesystem::path& folder);

} // namespace gatehouse::sandbox
