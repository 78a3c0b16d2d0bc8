#include "sandbox/jail/namespaces.hpp"

#include "sandbox/jail/init.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

int write_text_file(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    const auto length = static_cast<ssize_t>(std::strlen(text));
    const int error_number =
        write(fd, text, static_cast<std::size_t>(length)) == length ? 0 : errno;
    close(fd);
    return error_number;
}

// One line: `inside` in the namespace is `outside` in its parent. setgroups must be denied first,
// or the kernel refuses a gid map to an ordinary user.
int write_maps_of(const char* process, const wire::Identity& inside, unsigned outer_uid,
                  unsigned outer_gid) {
    char path[64];
    char line[64];
    std::snprintf(path, sizeof path, "/proc/%s/setgroups", process);
    if (const int error_number = write_text_file(path, "deny"); error_number != 0) {
        return error_number;
    }
    std::snprintf(path, sizeof path, "/proc/%s/uid_map", process);
    std::snprintf(line, sizeof line, "%u %u 1\n", inside.connector_uid, outer_uid);
    if (const int error_number = write_text_file(path, line); error_number != 0) {
        return error_number;
    }
    std::snprintf(path, sizeof path, "/proc/%s/gid_map", process);
    std::snprintf(line, sizeof line, "%u %u 1\n", inside.connector_gid, outer_gid);
    return write_text_file(path, line);
}

} // namespace

int create_namespaces(Jail& jail) {
    int go[2];
    if (pipe2(go, O_CLOEXEC) != 0) {
        return errno;
    }
    jail.go_read_fd = go[0];
    jail.go_write_fd = go[1];

    clone_args arguments = {};
    arguments.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
                      CLONE_PIDFD | CLONE_CLEAR_SIGHAND;
    if (jail.cgroup_fd >= 0) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(jail.cgroup_fd);
    }
    if (!jail.plan.root_mode()) {
        arguments.flags |= CLONE_NEWUSER;
    }
    arguments.pidfd = reinterpret_cast<std::uintptr_t>(&jail.init_pidfd);
    arguments.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) {
        return errno;
    }
    if (pid == 0) {
        run_init(jail);
    }
    jail.init_pid = static_cast<pid_t>(pid);
    close(jail.go_read_fd);
    if (jail.cgroup_fd >= 0) {
        close(jail.cgroup_fd);
    }
    return 0;
}

int write_id_maps(Jail& jail) {
    if (jail.plan.root_mode()) {
        return 0;
    }
    char process[16];
    std::snprintf(process, sizeof process, "%d", jail.init_pid);
    const wire::Identity& identity = jail.plan.identity;
    return write_maps_of(process, identity, identity.outer_uid, identity.outer_gid);
}

int wait_for_go(Jail& jail) {
    close(jail.go_write_fd);
    // Init must not outlive stage 1. A stage 1 that is already gone shows as the end of the pipe.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return errno;
    }
    char go = 0;
    if (read(jail.go_read_fd, &go, 1) != 1) {
        _exit(failed_exit_status); // stage 1 failed and has reported why
    }
    close(jail.go_read_fd);
    return 0;
}

int name_host(Jail& jail) {
    return result_of(sethostname(jail.plan.connector, strnlen(jail.plan.connector, 63)));
}

int limit_user_namespaces(Jail& jail) {
    if (jail.plan.root_mode()) {
        return 0; // the count belongs to the whole host there; seccomp refuses the calls
    }
    jail.detail = "/proc/sys/user/max_user_namespaces";
    return write_text_file(jail.detail, "1");
}

int raise_loopback(Jail&) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    ifreq request = {};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const int error_number = result_of(ioctl(fd, SIOCSIFFLAGS, &request));
    close(fd);
    return error_number;
}

int nest_user_namespace(Jail& jail) {
    if (jail.plan.root_mode()) {
        return 0;
    }
    if (unshare(CLONE_NEWUSER) != 0) {
        return errno;
    }
    const wire::Identity& identity = jail.plan.identity;
    return write_maps_of("self", identity, identity.connector_uid, identity.connector_gid);
}

} // namespace gatehouse::jail
