// The mount family. The controls work in a mount namespace of their own, so nothing stays.
#include "tests/victims/corpus/corpus.hpp"

#include <cstdint>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corpus {
namespace {

// Outside only; inside the call is refused, and the attempt goes on with what there is.
void detach_from_host() {
    if (unshare(CLONE_NEWNS) == 0) {
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    }
}

Answer mount_tmpfs(const Targets& targets) {
    detach_from_host();
    return by_result(mount("none", targets.text("volume").c_str(), "tmpfs", 0, nullptr));
}

Answer mount_proc(const Targets& targets) {
    detach_from_host();
    return by_result(mount("none", targets.text("volume").c_str(), "proc", 0, nullptr));
}

Answer bind_mount(const Targets& targets) {
    detach_from_host();
    return by_result(mount("/usr", targets.text("volume").c_str(), nullptr, MS_BIND, nullptr));
}

Answer remount_exec(const Targets& targets) {
    detach_from_host();
    const char* volume = targets.text("volume").c_str();
    mount(volume, volume, nullptr, MS_BIND, nullptr); // a mount point outside as well
    return by_result(mount(nullptr, volume, nullptr, MS_REMOUNT | MS_BIND, nullptr));
}

Answer unmount_proc(const Targets&) {
    detach_from_host();
    return by_result(umount2("/proc", MNT_DETACH));
}

Answer by_pivot_root(const Targets& targets) {
    detach_from_host();
    const std::string& volume = targets.text("volume");
    mount(volume.c_str(), volume.c_str(), nullptr, MS_BIND, nullptr);
    if (chdir(volume.c_str()) != 0) {
        return untried(errno_name(errno));
    }
    return by_result(syscall(SYS_pivot_root, ".", "."));
}

Answer by_chroot(const Targets& targets) {
    return by_result(chroot(targets.text("volume").c_str()));
}

Answer by_open_tree(const Targets&) {
    return by_result(open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE));
}

Answer by_move_mount(const Targets& targets) {
    detach_from_host();
    const int tree = open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE);
    const char* volume = targets.text("volume").c_str();
    return by_result(move_mount(tree < 0 ? AT_FDCWD : tree, tree < 0 ? "/usr" : "", AT_FDCWD,
                                volume, MOVE_MOUNT_F_EMPTY_PATH));
}

Answer by_fsopen(const Targets&) {
    return by_result(fsopen("tmpfs", FSOPEN_CLOEXEC));
}

Answer by_fsmount(const Targets&) {
    const int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
    return by_result(fsmount(context, FSMOUNT_CLOEXEC, 0));
}

Answer by_fspick(const Targets& targets) {
    detach_from_host();
    mount("none", targets.text("volume").c_str(), "tmpfs", 0, nullptr);
    return by_result(fspick(AT_FDCWD, targets.text("volume").c_str(), FSPICK_CLOEXEC));
}

Answer by_mount_setattr(const Targets& targets) {
    detach_from_host();
    const char* volume = targets.text("volume").c_str();
    mount(volume, volume, nullptr, MS_BIND, nullptr);
    mount_attr wanted = {};
    wanted.attr_clr = MOUNT_ATTR_NOEXEC;
    return by_result(mount_setattr(AT_FDCWD, volume, 0, &wanted, sizeof wanted));
}

Answer by_listmount(const Targets&) {
    struct {
        std::uint32_t size;
        std::uint32_t spare;
        std::uint64_t mount_id;
        std::uint64_t parameter;
    } request = {24, 0, ~0ULL, 0};
    std::uint64_t found[8];
    return by_result(syscall(458, &request, found, 8, 0));
}

constexpr Attempt attempts[] = {
    {"mount-tmpfs", "mount over the volume", mount_tmpfs},
    {"mount-proc", "a second /proc", mount_proc},
    {"mount-bind", "a bind mount", bind_mount},
    {"mount-remount", "the volume without noexec", remount_exec},
    {"umount-proc", "/proc taken off", unmount_proc},
    {"pivot-root", "another root", by_pivot_root},
    {"chroot", "another root", by_chroot},
    {"open-tree", "a detached copy of a mount", by_open_tree},
    {"move-mount", "a mount moved", by_move_mount},
    {"fsopen", "a context for a file system", by_fsopen},
    {"fsmount", "a mount by fsmount", by_fsmount},
    {"fspick", "reconfiguration of a file system", by_fspick},
    {"mount-setattr", "noexec taken off", by_mount_setattr},
    {"listmount", "the list of mounts", by_listmount},
};

} // namespace

std::span<const Attempt> mount_attempts() {
    return attempts;
}

} // namespace corpus
