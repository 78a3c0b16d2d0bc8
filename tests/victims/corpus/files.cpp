// Files, device nodes and kernel knobs of the host, by path.
#include "tests/victims/corpus/corpus.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corpus {
namespace {

Answer open_path(const std::string& path, int flags) {
    return by_result(open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

Answer read_path(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char byte = 0;
    if (fd < 0 || read(fd, &byte, 1) < 0) {
        return refused(errno_name(errno));
    }
    return harm("read " + path);
}

Answer list_path(const std::string& path) {
    DIR* folder = opendir(path.c_str());
    return folder != nullptr ? harm("listed " + path) : refused(errno_name(errno));
}

std::string of_daemon(const Targets& targets, const char* what) {
    return "/proc/" + targets.text("daemon") + "/" + what;
}

Answer read_shadow(const Targets&) {
    return read_path("/etc/shadow");
}
Answer read_canary(const Targets& targets) {
    return read_path(targets.text("canary"));
}
Answer read_other_state(const Targets& targets) {
    return read_path(targets.text("other_state"));
}
Answer write_other_state(const Targets& targets) {
    return open_path(targets.text("other_state"), O_WRONLY);
}
Answer list_daemon_data(const Targets& targets) {
    return list_path(targets.text("data"));
}
Answer read_init_root(const Targets&) {
    return read_path("/proc/1/root/etc/shadow");
}
Answer read_daemon_root(const Targets& targets) {
    return read_path(of_daemon(targets, "root") + targets.text("canary"));
}
Answer read_daemon_cwd(const Targets& targets) {
    return list_path(of_daemon(targets, "cwd/."));
}
Answer read_daemon_environ(const Targets& targets) {
    return read_path(of_daemon(targets, "environ"));
}
Answer read_daemon_cmdline(const Targets& targets) {
    return read_path(of_daemon(targets, "cmdline"));
}
Answer read_daemon_maps(const Targets& targets) {
    return read_path(of_daemon(targets, "maps"));
}
Answer list_daemon_fds(const Targets& targets) {
    return list_path(of_daemon(targets, "fd"));
}
Answer open_daemon_fd(const Targets& targets) {
    return open_path(of_daemon(targets, "fd/") + targets.text("inherited"), O_RDONLY);
}

Answer escape_by_dots(const Targets& targets) {
    return read_path("/../../../../../.." + targets.text("canary"));
}

Answer symlink_to_host(const Targets& targets) {
    const std::string link = targets.in_volume("planted-link");
    unlink(link.c_str());
    if (symlink(targets.text("canary").c_str(), link.c_str()) != 0) {
        return untried(errno_name(errno));
    }
    return read_path(link);
}

Answer hard_link_to_host(const Targets& targets) {
    const std::string link = targets.in_volume("planted-hard-link");
    unlink(link.c_str());
    return by_result(::link(targets.text("canary").c_str(), link.c_str()));
}

Answer watch_host_folder(const Targets& targets) {
    const int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0) {
        return untried(errno_name(errno));
    }
    return by_result(inotify_add_watch(fd, targets.text("data").c_str(), IN_ALL_EVENTS));
}

template <const char* const& Path>
Answer write_knob(const Targets&) {
    return open_path(Path, O_WRONLY);
}
template <const char* const& Path>
Answer read_knob(const Targets&) {
    return open_path(Path, O_RDONLY);
}
template <const char* const& Path>
Answer list_folder(const Targets&) {
    return list_path(Path);
}

#define CORPUS_PATH(identifier, path) constexpr const char* identifier = path
CORPUS_PATH(core_pattern, "/proc/sys/kernel/core_pattern");
CORPUS_PATH(host_name, "/proc/sys/kernel/hostname");
CORPUS_PATH(printk_level, "/proc/sys/kernel/printk");
CORPUS_PATH(overcommit, "/proc/sys/vm/overcommit_memory");
CORPUS_PATH(drop_caches, "/proc/sys/vm/drop_caches");
CORPUS_PATH(ip_forward, "/proc/sys/net/ipv4/ip_forward");
CORPUS_PATH(suid_dumpable, "/proc/sys/fs/suid_dumpable");
CORPUS_PATH(user_namespaces, "/proc/sys/user/max_user_namespaces");
CORPUS_PATH(sysrq, "/proc/sysrq-trigger");
CORPUS_PATH(kallsyms, "/proc/kallsyms");
CORPUS_PATH(kcore, "/proc/kcore");
CORPUS_PATH(kmsg_proc, "/proc/kmsg");
CORPUS_PATH(command_line, "/proc/cmdline");
CORPUS_PATH(partitions, "/proc/partitions");
CORPUS_PATH(net_of_init, "/proc/1/net/tcp");
CORPUS_PATH(sys_kernel, "/sys/kernel");
CORPUS_PATH(sys_cgroup, "/sys/fs/cgroup");
CORPUS_PATH(sys_block, "/sys/block");
CORPUS_PATH(sys_uevent, "/sys/block/loop0/uevent");
CORPUS_PATH(dev_mem, "/dev/mem");
CORPUS_PATH(dev_kmsg, "/dev/kmsg");
CORPUS_PATH(dev_disk, "/dev/vda");
CORPUS_PATH(dev_ptmx, "/dev/ptmx");
CORPUS_PATH(dev_console, "/dev/console");
CORPUS_PATH(dev_fuse, "/dev/fuse");
CORPUS_PATH(dev_tun, "/dev/net/tun");
CORPUS_PATH(dev_loop, "/dev/loop-control");
CORPUS_PATH(home_root, "/root");
CORPUS_PATH(var_log, "/var/log");
CORPUS_PATH(boot, "/boot");
#undef CORPUS_PATH

constexpr Attempt attempts[] = {
    {"read-shadow", "the host's password hashes", read_shadow},
    {"read-canary", "a file of the host by its path", read_canary},
    {"read-other-state", "another connector's state", read_other_state},
    {"write-other-state", "another connector's state, to change it", write_other_state},
    {"list-daemon-data", "the daemon's data folder", list_daemon_data},
    {"list-root-home", "root's home", list_folder<home_root>},
    {"list-var-log", "the host's logs", list_folder<var_log>},
    {"list-boot", "the host's kernels", list_folder<boot>},
    {"read-init-root", "/proc/1/root", read_init_root},
    {"read-daemon-root", "/proc/<daemon>/root", read_daemon_root},
    {"read-daemon-cwd", "/proc/<daemon>/cwd", read_daemon_cwd},
    {"read-daemon-environ", "/proc/<daemon>/environ", read_daemon_environ},
    {"read-daemon-cmdline", "/proc/<daemon>/cmdline", read_daemon_cmdline},
    {"read-daemon-maps", "/proc/<daemon>/maps", read_daemon_maps},
    {"list-daemon-fds", "/proc/<daemon>/fd", list_daemon_fds},
    {"open-daemon-fd", "a file through /proc/<daemon>/fd/N", open_daemon_fd},
    {"escape-by-dots", "the host by /../..", escape_by_dots},
    {"symlink-to-host", "the host by a link planted in the volume", symlink_to_host},
    {"hard-link-to-host", "a hard link to a file of the host", hard_link_to_host},
    {"watch-host-folder", "inotify on a folder of the host", watch_host_folder},
    {"knob-core-pattern", "kernel.core_pattern, for writing", write_knob<core_pattern>},
    {"knob-hostname", "kernel.hostname, for writing", write_knob<host_name>},
    {"knob-printk", "kernel.printk, for writing", write_knob<printk_level>},
    {"knob-overcommit", "vm.overcommit_memory, for writing", write_knob<overcommit>},
    {"knob-drop-caches", "vm.drop_caches, for writing", write_knob<drop_caches>},
    {"knob-ip-forward", "net.ipv4.ip_forward, for writing", write_knob<ip_forward>},
    {"knob-suid-dumpable", "fs.suid_dumpable, for writing", write_knob<suid_dumpable>},
    {"knob-user-namespaces", "user.max_user_namespaces", write_knob<user_namespaces>},
    {"knob-sysrq", "/proc/sysrq-trigger, for writing", write_knob<sysrq>},
    {"read-kallsyms", "/proc/kallsyms", read_knob<kallsyms>},
    {"read-kcore", "/proc/kcore", read_knob<kcore>},
    {"read-proc-kmsg", "/proc/kmsg", read_knob<kmsg_proc>},
    {"read-command-line", "the kernel's command line", read_knob<command_line>},
    {"read-partitions", "/proc/partitions", read_knob<partitions>},
    {"read-init-net", "the host's sockets in /proc/1/net", read_knob<net_of_init>},
    {"list-sys-kernel", "/sys/kernel", list_folder<sys_kernel>},
    {"list-sys-cgroup", "/sys/fs/cgroup", list_folder<sys_cgroup>},
    {"list-sys-block", "/sys/block", list_folder<sys_block>},
    {"write-uevent", "a uevent file of /sys", write_knob<sys_uevent>},
    {"device-mem", "/dev/mem", read_knob<dev_mem>},
    {"device-kmsg", "/dev/kmsg, for writing", write_knob<dev_kmsg>},
    {"device-disk", "the host's disk", read_knob<dev_disk>},
    {"device-ptmx", "a new terminal", read_knob<dev_ptmx>},
    {"device-console", "the host's console", write_knob<dev_console>},
    {"device-fuse", "/dev/fuse", read_knob<dev_fuse>},
    {"device-tun", "/dev/net/tun", read_knob<dev_tun>},
    {"device-loop-control", "/dev/loop-control", read_knob<dev_loop>},
};

} // namespace

std::span<const Attempt> file_attempts() {
    return attempts;
}

} // namespace corpus
