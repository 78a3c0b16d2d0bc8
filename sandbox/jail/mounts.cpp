#include "sandbox/jail/mounts.hpp"

#include "sandbox/jail/mount_tools.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

constexpr std::uint64_t runtime_attributes =
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::uint64_t data_attributes = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
constexpr std::uint64_t device_attributes = MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID;

// Any folder of the host that always exists can carry the new root until it is entered.
constexpr const char* staging_path = "/usr";

struct FixedFolder {
    const char* path;
    unsigned mode;
};
constexpr FixedFolder fixed_folders[] = {
    {"usr", 0755}, {"etc", 0755},  {"dev", 0755},  {"dev/shm", 0755}, {"tmp", 0755},
    {"app", 0755}, {"data", 0755}, {"proc", 0755}, {"var", 0755},     {"run", 0755},
};

// Links into /usr on a merged-usr host, folders on others.
constexpr const char* system_paths[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

// What programs need of the host's /etc, and nothing that tells about its users or services.
constexpr const char* host_etc_paths[] = {
    "ld.so.cache",     "localtime",     "alternatives",           "ssl/certs",
    "ssl/openssl.cnf", "pki/tls/certs", "pki/ca-trust/extracted", "services",
    "protocols",       "mime.types",
};

constexpr const char* device_names[] = {"null", "zero", "full", "random", "urandom"};

struct DeviceLink {
    const char* target;
    const char* path;
};
constexpr DeviceLink device_links[] = {
    {"/proc/self/fd", "dev/fd"},
    {"/proc/self/fd/0", "dev/stdin"},
    {"/proc/self/fd/1", "dev/stdout"},
    {"/proc/self/fd/2", "dev/stderr"},
    {"../tmp", "var/tmp"},
};

int attach_system_path(Jail& jail, const char* path) {
    char target[256];
    const ssize_t length = readlink(path, target, sizeof target - 1);
    if (length >= 0) {
        target[length] = '\0';
        return result_of(symlinkat(target, jail.root_fd, path + 1));
    }
    if (errno != EINVAL) {
        return errno == ENOENT ? 0 : errno;
    }
    int tree_fd = -1;
    if (const int error_number = clone_tree(path, runtime_attributes, 0, tree_fd);
        error_number != 0) {
        return error_number;
    }
    const int error_number = make_folder(jail.root_fd, path + 1, 0755);
    return error_number != 0 ? error_number : attach(tree_fd, jail.root_fd, path + 1);
}

// Makes the folders above a path such as "etc/ssl/certs".
int make_parents(int root_fd, const char* path) {
    char prefix[128];
    for (const char* slash = std::strchr(path, '/'); slash != nullptr;
         slash = std::strchr(slash + 1, '/')) {
        const auto length = static_cast<std::size_t>(slash - path);
        if (length >= sizeof prefix) {
            return ENAMETOOLONG;
        }
        std::memcpy(prefix, path, length);
        prefix[length] = '\0';
        if (const int error_number = make_folder(root_fd, prefix, 0755); error_number != 0) {
            return error_number;
        }
    }
    return 0;
}

// A file or folder of the host at the same place in the sandbox; one that is missing is left out.
int attach_host_path(Jail& jail, const char* host_path, std::uint64_t attributes) {
    const char* path = host_path + 1;
    jail.detail = host_path;
    int tree_fd = -1;
    if (const int error_number = clone_tree(host_path, attributes, 0, tree_fd); error_number != 0) {
        return error_number == ENOENT || error_number == ENOTDIR ? 0 : error_number;
    }
    struct stat status = {};
    int error_number = result_of(fstat(tree_fd, &status));
    if (error_number == 0) {
        error_number = make_parents(jail.root_fd, path);
    }
    if (error_number == 0) {
        error_number = S_ISDIR(status.st_mode) ? make_folder(jail.root_fd, path, 0755)
                                               : make_file(jail.root_fd, path, "", 0644);
    }
    return error_number != 0 ? error_number : attach(tree_fd, jail.root_fd, path);
}

int attach_tmpfs(Jail& jail, const char* path, std::uint64_t size_bytes) {
    char size[24];
    char inodes[24];
    std::snprintf(size, sizeof size, "%llu", static_cast<unsigned long long>(size_bytes));
    // Inodes take kernel memory that the size does not count: one for each 16 KiB, at least 1,024.
    const std::uint64_t inode_count = size_bytes / 16384 + 1024;
    std::snprintf(inodes, sizeof inodes, "%llu", static_cast<unsigned long long>(inode_count));
    const FsOption options[] = {{"size", size}, {"nr_inodes", inodes}, {"mode", "1777"}};
    int mount_fd = -1;
    jail.detail = path;
    const int error_number = new_file_system("tmpfs", options, std::size(options),
                                             static_cast<unsigned>(data_attributes), mount_fd);
    return error_number != 0 ? error_number : attach(mount_fd, jail.root_fd, path);
}

} // namespace

int make_mounts_private(Jail&) {
    return result_of(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
}

int clone_code_dir(Jail& jail) {
    jail.detail = jail.plan.code_dir;
    return clone_tree(jail.plan.code_dir, runtime_attributes, 0, jail.code_fd);
}

int clone_volumes(Jail& jail) {
    for (std::size_t i = 0; i < jail.plan.volume_count; ++i) {
        jail.detail = jail.plan.volumes[i].first;
        const int error_number =
            clone_tree(jail.detail, data_attributes, AT_SYMLINK_NOFOLLOW, jail.volume_fds[i]);
        if (error_number != 0) {
            return error_number;
        }
    }
    return 0;
}

int clone_runtime(Jail& jail) {
    jail.detail = "/usr";
    return clone_tree("/usr", runtime_attributes, 0, jail.usr_fd);
}

int create_root(Jail& jail) {
    const FsOption options[] = {{"size", "1048576"}, {"nr_inodes", "512"}, {"mode", "0755"}};
    const unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    int error_number =
        new_file_system("tmpfs", options, std::size(options), attributes, jail.root_fd);
    if (error_number != 0) {
        return error_number;
    }
    // Nothing can be mounted below a mount that is itself detached, so it is put somewhere first.
    jail.detail = staging_path;
    error_number =
        result_of(move_mount(jail.root_fd, "", AT_FDCWD, staging_path, MOVE_MOUNT_F_EMPTY_PATH));
    for (const FixedFolder& folder : fixed_folders) {
        if (error_number == 0) {
            jail.detail = folder.path;
            error_number = make_folder(jail.root_fd, folder.path, folder.mode);
        }
    }
    return error_number;
}

int attach_runtime(Jail& jail) {
    int error_number = attach(jail.usr_fd, jail.root_fd, "usr");
    for (const char* path : system_paths) {
        if (error_number == 0) {
            jail.detail = path;
            error_number = attach_system_path(jail, path);
        }
    }
    return error_number;
}

int build_etc(Jail& jail) {
    char path[128];
    for (const char* name : host_etc_paths) {
        std::snprintf(path, sizeof path, "/etc/%s", name);
        if (const int error_number =
                attach_host_path(jail, path, runtime_attributes | MOUNT_ATTR_NOEXEC);
            error_number != 0) {
            jail.detail = name;
            return error_number;
        }
    }
    for (std::size_t i = 0; i < jail.plan.file_count; ++i) {
        std::snprintf(path, sizeof path, "etc/%.100s", jail.plan.files[i].first);
        jail.detail = jail.plan.files[i].first;
        if (const int error_number = make_file(jail.root_fd, path, jail.plan.files[i].second, 0644);
            error_number != 0) {
            return error_number;
        }
    }
    jail.detail = "";
    return 0;
}

int build_dev(Jail& jail) {
    char path[32];
    for (const char* name : device_names) {
        std::snprintf(path, sizeof path, "/dev/%s", name);
        if (const int error_number = attach_host_path(jail, path, device_attributes);
            error_number != 0) {
            jail.detail = name;
            return error_number;
        }
    }
    for (const DeviceLink& link : device_links) {
        jail.detail = link.path;
        if (symlinkat(link.target, jail.root_fd, link.path) != 0) {
            return errno;
        }
    }
    return 0;
}

int build_tmp(Jail& jail) {
    const std::uint64_t size_bytes = jail.plan.limits.tmp_bytes;
    const std::uint64_t shm_bytes = size_bytes < (64U << 20) ? size_bytes : (64U << 20);
    if (const int error_number = attach_tmpfs(jail, "tmp", size_bytes); error_number != 0) {
        return error_number;
    }
    return attach_tmpfs(jail, "dev/shm", shm_bytes);
}

int attach_code(Jail& jail) {
    return attach(jail.code_fd, jail.root_fd, "app");
}

int attach_volumes(Jail& jail) {
    char path[300];
    for (std::size_t i = 0; i < jail.plan.volume_count; ++i) {
        jail.detail = jail.plan.volumes[i].second;
        std::snprintf(path, sizeof path, "data/%.255s", jail.detail);
        int error_number = make_folder(jail.root_fd, path, 0755);
        if (error_number == 0) {
            error_number = attach(jail.volume_fds[i], jail.root_fd, path);
        }
        if (error_number != 0) {
            return error_number;
        }
    }
    return 0;
}

int mount_proc(Jail& jail) {
    // subset=pid leaves out /proc/sys and its like; hidepid hides init and whatever cannot be
    // traced.
    const FsOption options[] = {{"subset", "pid"}, {"hidepid", "ptraceable"}};
    int mount_fd = -1;
    const int error_number = new_file_system("proc", options, std::size(options),
                                             static_cast<unsigned>(data_attributes), mount_fd);
    return error_number != 0 ? error_number : attach(mount_fd, jail.root_fd, "proc");
}

int seal_root(Jail& jail) {
    mount_attr wanted = {};
    wanted.attr_set = MOUNT_ATTR_RDONLY;
    return result_of(mount_setattr(jail.root_fd, "", AT_EMPTY_PATH, &wanted, sizeof wanted));
}

int enter_root(Jail& jail) {
    if (fchdir(jail.root_fd) != 0) {
        return errno;
    }
    // With "." twice the old root is stacked over the new one, and the unmount takes it off.
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0) {
        return errno;
    }
    return result_of(chdir("/"));
}

} // namespace gatehouse::jail
