#include "sandbox/jail/mount_tools.hpp"

#include "sandbox/jail/jail.hpp"

#include <cstring>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gatehouse::jail {

int clone_tree(const char* path, std::uint64_t attributes, unsigned open_flags, int& tree_fd) {
    // Recursive: a copy without the mounts below would show what they cover.
    const int fd =
        open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | open_flags);
    if (fd < 0) {
        return errno;
    }
    mount_attr wanted = {};
    wanted.attr_set = attributes;
    if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &wanted, sizeof wanted) != 0) {
        const int error_number = errno;
        close(fd);
        return error_number;
    }
    tree_fd = fd;
    return 0;
}

int new_file_system(const char* type, const FsOption* options, std::size_t option_count,
                    unsigned attributes, int& mount_fd) {
    const int context = fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) {
        return errno;
    }
    int error_number = 0;
    for (std::size_t i = 0; i < option_count && error_number == 0; ++i) {
        const unsigned command =
            options[i].value == nullptr ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        error_number = result_of(fsconfig(context, command, options[i].name, options[i].value, 0));
    }
    if (error_number == 0) {
        error_number = result_of(fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    }
    if (error_number == 0) {
        mount_fd = fsmount(context, FSMOUNT_CLOEXEC, attributes);
        error_number = result_of(mount_fd);
    }
    close(context);
    return error_number;
}

int attach(int mount_fd, int root_fd, const char* path) {
    const int error_number =
        result_of(move_mount(mount_fd, "", root_fd, path, MOVE_MOUNT_F_EMPTY_PATH));
    close(mount_fd);
    return error_number;
}

int make_folder(int root_fd, const char* path, unsigned mode) {
    return mkdirat(root_fd, path, mode) != 0 && errno != EEXIST ? errno : 0;
}

int make_file(int root_fd, const char* path, const char* content, unsigned mode) {
    const int fd =
        openat(root_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) {
        return errno;
    }
    const std::size_t length = std::strlen(content);
    int error_number = 0;
    if (length > 0 && write(fd, content, length) != static_cast<ssize_t>(length)) {
        error_number = errno != 0 ? errno : ENOSPC;
    }
    close(fd);
    return error_number;
}

} // namespace gatehouse::jail
