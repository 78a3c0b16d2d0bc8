#include "sandbox/seccomp/call_table.hpp"

#include "sandbox/plan_wire.hpp"

#include <csignal>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

// The tables are laid out by hand, many names a line.
// clang-format off
namespace gatehouse::sandbox {
namespace {

constexpr const char* allowed_table[] = {
    // files by descriptor
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
    "pwritev2", "lseek", "_llseek", "close", "close_range", "dup", "dup2", "dup3", "fcntl",
    "fcntl64", "flock", "fsync", "fdatasync", "sync_file_range", "sync_file_range2", "ftruncate",
    "ftruncate64", "fallocate", "fadvise64", "fadvise64_64", "readahead", "copy_file_range",
    "sendfile", "sendfile64", "splice", "tee", "vmsplice", "pipe", "pipe2", "syncfs", "sync",
    // files by name
    "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2", "stat", "stat64",
    "lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64", "statx", "statfs",
    "statfs64", "fstatfs", "fstatfs64", "readlink", "readlinkat", "getdents", "getdents64",
    "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "rename",
    "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "truncate", "truncate64",
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "chown32", "fchown", "fchown32", "fchownat",
    "lchown", "lchown32", "utime", "utimes", "utimensat", "utimensat_time64", "futimesat", "umask",
    "mknod", "mknodat", "getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr",
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "cachestat",
    // memory
    "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "brk", "mincore", "msync", "mlock",
    "mlock2", "munlock", "mlockall", "munlockall", "membarrier", "pkey_alloc", "pkey_free",
    "pkey_mprotect", "mseal", "map_shadow_stack", "get_mempolicy", "set_mempolicy", "mbind",
    // processes and threads
    "fork", "vfork", "execve", "exit", "exit_group", "wait4", "waitid", "waitpid", "getpid",
    "getppid", "gettid", "getpgid", "getpgrp", "getsid", "setsid", "setpgid", "set_tid_address",
    "set_robust_list", "get_robust_list", "rseq", "arch_prctl", "set_thread_area", "get_thread_area",
    "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_setparam",
    "sched_getscheduler", "sched_setscheduler", "sched_getattr", "sched_setattr",
    "sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval", "getpriority",
    "setpriority", "ioprio_get", "getcpu", "getrlimit", "ugetrlimit", "setrlimit", "prlimit64",
    "getrusage", "times", "sysinfo", "uname", "capget", "pidfd_open", "pidfd_send_signal",
    "process_mrelease", "restart_syscall",
    // identity, read only, and the harmless writes of one's own
    "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid", "getegid32",
    "getresuid", "getresuid32", "getresgid", "getresgid32", "getgroups", "getgroups32", "setuid",
    "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
    // signals
    "kill", "tkill", "tgkill", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending",
    "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_sigqueueinfo",
    "rt_tgsigqueueinfo", "sigaltstack", "sigreturn", "signalfd", "signalfd4", "pause", "alarm",
    // time
    "clock_gettime", "clock_gettime64", "clock_getres", "clock_getres_time64", "clock_nanosleep",
    "clock_nanosleep_time64", "gettimeofday", "time", "nanosleep", "getitimer", "setitimer",
    "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64",
    "timer_settime", "timer_settime64", "timerfd_create", "timerfd_gettime", "timerfd_gettime64",
    "timerfd_settime", "timerfd_settime64",
    // waiting
    "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "eventfd", "eventfd2", "futex", "futex_time64", "futex_waitv", "futex_wake", "futex_wait",
    "futex_requeue", "inotify_init", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    "io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents",
    // sockets that exist
    "socketpair", "bind", "listen", "accept", "accept4", "connect", "getsockname", "getpeername",
    "getsockopt", "setsockopt", "shutdown", "send", "sendto", "sendmsg", "sendmmsg", "recv",
    "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64",
    // System V semaphores and queues, inside the own IPC namespace; its shared memory is left out, because
    // no resource limit of a process bounds it
    "semget", "semop", "semtimedop", "semctl", "msgget",
    "msgsnd", "msgrcv", "msgctl",
    // the rest
    "getrandom", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
};

constexpr std::uint64_t low_32 = 0xffffffff;
constexpr std::uint64_t namespace_flags = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                          CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr std::uint64_t memfd_exec_flag = 0x10;

constexpr ArgumentRule argument_table[] = {
    // Threads and processes, never namespaces. clone3 hides its flags in memory: ENOSYS, and runtimes
    // fall back to clone.
    {"clone", 0, namespace_flags, 0},
    {"personality", 0, low_32, 0xffffffff},  // the query
    {"memfd_create", 1, memfd_exec_flag, 0},

    {"ioctl", 1, low_32, TCGETS},
    {"ioctl", 1, low_32, TIOCGWINSZ},
    {"ioctl", 1, low_32, TIOCGPGRP},
    {"ioctl", 1, low_32, TIOCOUTQ},
    {"ioctl", 1, low_32, FIONREAD},
    {"ioctl", 1, low_32, FIONBIO},
    {"ioctl", 1, low_32, FIOCLEX},
    {"ioctl", 1, low_32, FIONCLEX},
    {"ioctl", 1, low_32, FIOASYNC},
    {"ioctl", 1, low_32, SIOCGIFNAME},
    {"ioctl", 1, low_32, SIOCGIFCONF},
    {"ioctl", 1, low_32, SIOCGIFFLAGS},
    {"ioctl", 1, low_32, SIOCGIFADDR},
    {"ioctl", 1, low_32, SIOCGIFMTU},
    {"ioctl", 1, low_32, SIOCGIFHWADDR},
    {"ioctl", 1, low_32, SIOCGIFINDEX},

    {"prctl", 0, low_32, PR_SET_NAME},
    {"prctl", 0, low_32, PR_GET_NAME},
    {"prctl", 0, low_32, PR_SET_PDEATHSIG},
    {"prctl", 0, low_32, PR_GET_PDEATHSIG},
    {"prctl", 0, low_32, PR_SET_DUMPABLE},
    {"prctl", 0, low_32, PR_GET_DUMPABLE},
    {"prctl", 0, low_32, PR_SET_NO_NEW_PRIVS},
    {"prctl", 0, low_32, PR_GET_NO_NEW_PRIVS},
    {"prctl", 0, low_32, PR_SET_TIMERSLACK},
    {"prctl", 0, low_32, PR_GET_TIMERSLACK},
    {"prctl", 0, low_32, PR_SET_THP_DISABLE},
    {"prctl", 0, low_32, PR_GET_THP_DISABLE},
    {"prctl", 0, low_32, PR_SET_CHILD_SUBREAPER},
    {"prctl", 0, low_32, PR_GET_CHILD_SUBREAPER},
    {"prctl", 0, low_32, PR_GET_KEEPCAPS},
    {"prctl", 0, low_32, PR_GET_SECUREBITS},
    {"prctl", 0, low_32, PR_GET_SECCOMP},
    {"prctl", 0, low_32, PR_CAPBSET_READ},
    {"prctl", 0, low_32, 0x53564d41},  // PR_SET_VMA: names of mappings
};

constexpr ArgumentRule loud_argument_table[] = {
    {"clone", 0, CLONE_NEWNS, CLONE_NEWNS},
    {"clone", 0, CLONE_NEWCGROUP, CLONE_NEWCGROUP},
    {"clone", 0, CLONE_NEWUTS, CLONE_NEWUTS},
    {"clone", 0, CLONE_NEWIPC, CLONE_NEWIPC},
    {"clone", 0, CLONE_NEWUSER, CLONE_NEWUSER},
    {"clone", 0, CLONE_NEWPID, CLONE_NEWPID},
    {"clone", 0, CLONE_NEWNET, CLONE_NEWNET},
    {"ioctl", 1, low_32, TIOCSTI},
    {"ioctl", 1, low_32, TIOCLINUX},
    {"ioctl", 1, low_32, TIOCSETD},
    {"memfd_create", 1, memfd_exec_flag, memfd_exec_flag},
};

constexpr SocketRule socket_table[] = {
    {AF_UNIX, -1, -1}, {AF_NETLINK, -1, NETLINK_ROUTE},
    // TCP and UDP alone: multipath TCP, UDP-Lite and their like are much code for nobody's use.
    {AF_INET, SOCK_STREAM, 0}, {AF_INET, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET, SOCK_DGRAM, 0}, {AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {AF_INET6, SOCK_STREAM, 0}, {AF_INET6, SOCK_STREAM, IPPROTO_TCP},
    {AF_INET6, SOCK_DGRAM, 0}, {AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
};

constexpr const char* loud_table[] = {
    "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr", "unshare", "setns", "ptrace",
    "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp", "bpf",
    "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl",
    "add_key", "request_key", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "create_module", "query_module", "get_kernel_syms", "reboot", "swapon", "swapoff",
    "acct", "quotactl", "quotactl_fd", "syslog", "sethostname", "setdomainname", "settimeofday",
    "clock_settime", "clock_settime64", "clock_adjtime", "adjtimex", "stime", "iopl", "ioperm",
    "modify_ldt", "vm86", "vm86old", "capset", "seccomp", "name_to_handle_at", "open_by_handle_at",
    "fanotify_init", "fanotify_mark", "lookup_dcookie", "nfsservctl", "vhangup", "move_pages",
    "migrate_pages", "remap_file_pages", "uselib", "_sysctl", "sysfs", "ustat",
};

constexpr const char* init_table[] = {
    "read", "write", "recvfrom", "poll", "ppoll", "waitid", "kill", "close", "exit", "exit_group",
    "rt_sigreturn", "restart_syscall",
};

// A stream to the loopback of its own namespace, a message to the daemon that never blocks, and what
// it takes to learn of a forbidden call and to kill the thread's process for it.
constexpr std::uint32_t dialed_type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
constexpr InitCallRule init_argument_table[] = {
    {"socket", {{0, AF_INET}, {1, dialed_type}, {2, 0}}, 3},
    {"socket", {{0, AF_INET6}, {1, dialed_type}, {2, 0}}, 3},
    {"connect", {{2, sizeof(sockaddr_in)}}, 1},
    {"connect", {{2, sizeof(sockaddr_in6)}}, 1},
    {"sendmsg", {{0, wire::control_fd}, {2, MSG_NOSIGNAL | MSG_DONTWAIT}}, 2},
    {"recvmsg", {{2, MSG_CMSG_CLOEXEC}}, 1},
    {"ioctl", {{1, SECCOMP_IOCTL_NOTIF_RECV}}, 1},
    {"ioctl", {{1, SECCOMP_IOCTL_NOTIF_ID_VALID}}, 1},
    {"tgkill", {{2, SIGKILL}}, 1},
};

} // namespace

std::span<const char* const> allowed_calls() { return allowed_table; }
std::span<const ArgumentRule> allowed_with_argument() { return argument_table; }
std::span<const ArgumentRule> loud_with_argument() { return loud_argument_table; }
std::span<const SocketRule> allowed_sockets() { return socket_table; }
std::span<const char* const> loud_calls() { return loud_table; }
std::span<const char* const> init_calls() { return init_table; }
std::span<const InitCallRule> init_calls_with_arguments() { return init_argument_table; }

} // namespace gatehouse::sandbox
// clang-format on
