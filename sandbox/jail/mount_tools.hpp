// The new mount API in the four shapes the sandbox needs. Each function returns 0 or an errno.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gatehouse::jail {

struct FsOption {
    const char* name;
    const char* value; // nullptr: a flag
};

// A detached copy of the tree at `path` with `attributes` (MOUNT_ATTR_*) set on every mount in it.
// open_flags: AT_SYMLINK_NOFOLLOW, or 0 to follow.
int clone_tree(const char* path, std::uint64_t attributes, unsigned open_flags, int& tree_fd);
// A detached new file system.
int new_file_system(const char* type, const FsOption* options, std::size_t option_count,
                    unsigned attributes, int& mount_fd);
// Attaches a detached mount at a path below `root_fd` and closes its descriptor.
int attach(int mount_fd, int root_fd, const char* path);

int make_folder(int root_fd, const char* path, unsigned mode);
int make_file(int root_fd, const char* path, const char* content, unsigned mode);

} // namespace gatehouse::jail
