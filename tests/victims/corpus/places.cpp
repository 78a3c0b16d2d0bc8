// Its own places: what a connector may not do to its code, its volume and the runtime it sees.
#include "tests/victims/corpus/corpus.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace corpus {
namespace {

Answer create_at(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) {
        return refused(errno_name(errno));
    }
    unlink(path.c_str());
    return harm("created " + path);
}

std::string new_file(const Targets& targets, const char* name) {
    const std::string path = targets.in_volume(name);
    unlink(path.c_str());
    close(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    return path;
}

Answer write_code(const Targets& targets) {
    return create_at(targets.text("code") + "/planted");
}
Answer write_usr(const Targets&) {
    return create_at("/usr/gatehouse-planted");
}
Answer write_etc(const Targets&) {
    return create_at("/etc/gatehouse-planted");
}
Answer write_root(const Targets&) {
    return create_at("/gatehouse-planted");
}
Answer write_run(const Targets&) {
    return create_at("/run/gatehouse-planted");
}
Answer change_passwd(const Targets&) {
    return by_result(open("/etc/passwd", O_WRONLY | O_CLOEXEC));
}
Answer change_resolv(const Targets&) {
    return by_result(open("/etc/resolv.conf", O_WRONLY | O_CLOEXEC));
}

Answer fifo_in_code(const Targets& targets) {
    const std::string path = targets.text("code") + "/planted-fifo";
    const Answer answer = by_result(mkfifo(path.c_str(), 0666));
    unlink(path.c_str());
    return answer;
}

Answer replace_volume(const Targets& targets) {
    const std::string& volume = targets.text("volume");
    const std::string aside = volume + "-aside";
    const Answer answer = by_result(rename(volume.c_str(), aside.c_str()));
    rename(aside.c_str(), volume.c_str());
    return answer;
}

Answer make_node(const Targets& targets, mode_t type, dev_t device) {
    const std::string path = targets.in_volume("planted-node");
    unlink(path.c_str());
    const Answer answer = by_result(mknod(path.c_str(), type | 0666, device));
    unlink(path.c_str());
    return answer;
}
Answer make_memory_node(const Targets& targets) {
    return make_node(targets, S_IFCHR, makedev(1, 1));
}
Answer make_disk_node(const Targets& targets) {
    return make_node(targets, S_IFBLK, makedev(254, 0));
}
// Overlay file systems take this node for "removed".
Answer make_whiteout(const Targets& targets) {
    return make_node(targets, S_IFCHR, 0);
}

Answer run_program(const std::string& path) {
    const pid_t pid = fork();
    if (pid == 0) {
        execl(path.c_str(), path.c_str(), nullptr);
        _exit(errno);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    errno = WEXITSTATUS(status);
    return status == 0 ? harm("it ran") : refused(errno_name(errno));
}

bool copy_true(int target) {
    const int source = open("/bin/true", O_RDONLY | O_CLOEXEC);
    char buffer[65536];
    for (ssize_t size = 0; (size = read(source, buffer, sizeof buffer)) > 0;) {
        if (write(target, buffer, static_cast<std::size_t>(size)) != size) {
            return false;
        }
    }
    close(source);
    return true;
}

Answer run_copy_in(const std::string& path) {
    unlink(path.c_str());
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    if (fd < 0 || !copy_true(fd)) {
        return untried(errno_name(errno));
    }
    close(fd);
    const Answer answer = run_program(path);
    unlink(path.c_str());
    return answer;
}
Answer run_in_tmp(const Targets&) {
    return run_copy_in("/tmp/gatehouse-planted");
}
Answer run_in_volume(const Targets& targets) {
    return run_copy_in(targets.in_volume("planted-program"));
}

Answer run_by_linker(const Targets& targets) {
    const std::string path = targets.in_volume("planted-library");
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    if (fd < 0 || !copy_true(fd)) {
        return untried(errno_name(errno));
    }
    close(fd);
    const pid_t pid = fork();
    if (pid == 0) {
        close(2);
        execl("/lib64/ld-linux-x86-64.so.2", "ld.so", path.c_str(), nullptr);
        _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status == 0 ? harm("it ran") : refused("the loader ended with an error");
}

Answer run_memfd(const Targets&) {
    const int fd = memfd_create("planted", 0);
    if (fd < 0 || !copy_true(fd)) {
        return refused("memfd_create: " + errno_name(errno));
    }
    // A copy opened for reading: what is open for writing cannot be executed.
    const std::string own = "/proc/self/fd/" + std::to_string(fd);
    const int readable = open(own.c_str(), O_RDONLY);
    if (readable < 0) {
        return refused("open: " + errno_name(errno));
    }
    close(fd);
    return run_program("/proc/self/fd/" + std::to_string(readable));
}

Answer run_executable_memfd(const Targets&) {
    return by_result(memfd_create("planted", 0x10)); // MFD_EXEC
}

Answer map_executable(const Targets& targets) {
    const std::string path = new_file(targets, "planted-code");
    const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 4096) != 0) {
        return untried(errno_name(errno));
    }
    void* code = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    return code != MAP_FAILED ? harm("mapped") : refused(errno_name(errno));
}

Answer give_to_root(const Targets& targets) {
    return by_result(chown(new_file(targets, "planted-owner").c_str(), 0, 0));
}

Answer file_capabilities(const Targets& targets) {
    const unsigned capabilities[5] = {0x02000001, 0xffffffff, 0, 0xffffffff, 0};
    return by_result(setxattr(new_file(targets, "planted-caps").c_str(), "security.capability",
                              capabilities, sizeof capabilities, 0));
}

Answer trusted_attribute(const Targets& targets) {
    return by_result(setxattr(new_file(targets, "planted-attribute").c_str(),
                              "trusted.overlay.opaque", "y", 1, 0));
}

Answer immutable_file(const Targets& targets) {
    const std::string path = new_file(targets, "planted-immutable");
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    int flags = 0;
    int saved = 0;
    ioctl(fd, FS_IOC_GETFLAGS, &saved);
    flags = saved | FS_IMMUTABLE_FL;
    const Answer answer = by_result(ioctl(fd, FS_IOC_SETFLAGS, &flags));
    ioctl(fd, FS_IOC_SETFLAGS, &saved);
    return answer;
}

Answer freeze_volume(const Targets& targets) {
    const int fd = open(targets.text("volume").c_str(), O_RDONLY | O_CLOEXEC);
    // FITRIM with a length of nothing: the same right as freezing, without the freeze.
    struct fstrim_range range = {0, 0, 0};
    return by_result_or(ioctl(fd, FITRIM, &range), EINVAL);
}

Answer watch_everything(const Targets&) {
    return by_result(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY));
}

Answer file_handle_of(const Targets& targets) {
    struct {
        file_handle head;
        unsigned char bytes[128];
    } handle = {};
    handle.head.handle_bytes = sizeof handle.bytes;
    int mount_id = 0;
    return by_result(
        name_to_handle_at(AT_FDCWD, targets.text("volume").c_str(), &handle.head, &mount_id, 0));
}

constexpr Attempt attempts[] = {
    {"write-code", "its own code folder", write_code},
    {"write-usr", "the runtime", write_usr},
    {"write-etc", "/etc", write_etc},
    {"write-root", "the root folder", write_root},
    {"write-run", "/run", write_run},
    {"change-passwd", "/etc/passwd", change_passwd},
    {"change-resolv", "/etc/resolv.conf", change_resolv},
    {"fifo-in-code", "a fifo planted in its code", fifo_in_code},
    {"replace-volume", "its volume renamed away", replace_volume},
    {"node-mem", "a node of the machine's memory", make_memory_node},
    {"node-disk", "a node of the host's disk", make_disk_node},
    {"node-whiteout", "a whiteout in its volume", make_whiteout},
    {"run-in-tmp", "a program written to /tmp", run_in_tmp},
    {"run-in-volume", "a program written to its volume", run_in_volume},
    {"run-by-linker", "the same through the loader", run_by_linker},
    {"run-memfd", "a program in a memfd", run_memfd},
    {"run-memfd-exec", "an executable memfd", run_executable_memfd},
    {"map-executable", "executable pages of a written file", map_executable},
    {"give-to-root", "a file given to root", give_to_root},
    {"file-capabilities", "a file with capabilities", file_capabilities},
    {"trusted-attribute", "a trusted attribute", trusted_attribute},
    {"immutable-file", "a file nobody can remove", immutable_file},
    {"trim-volume", "an order to the volume's device", freeze_volume},
    {"fanotify", "a watch over whole file systems", watch_everything},
    {"file-handle", "a handle that bypasses paths", file_handle_of},
};

} // namespace

std::span<const Attempt> place_attempts() {
    return attempts;
}

} // namespace corpus
