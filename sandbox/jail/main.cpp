// gatehouse-jail: the helper between the daemon and one connector. Descriptors: 0, 1, 2 are the
// connector's own, 3 the control socket, 4 the memfd with the plan. Stage 1 (this file) makes the
// namespaces and waits for pid 1 (init.cpp), which builds the sandbox and starts pid 2
// (connector.cpp).
#include "sandbox/jail/cgroup.hpp"
#include "sandbox/jail/identity.hpp"
#include "sandbox/jail/init.hpp"
#include "sandbox/jail/jail.hpp"
#include "sandbox/jail/namespaces.hpp"
#include "sandbox/jail/report.hpp"

#include <csignal>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

Jail the_jail; // static storage: the view holds tables that are too large for comfort on a stack

int close_strangers(Jail&) {
    return result_of(close_range(wire::first_cgroup_fd + wire::max_cgroup_fd_count, ~0U, 0));
}

// Of an ordinary user the kernel counts the descriptors that are on their way between processes, a
// connector's too, and refuses to send one to a process whose limit the count is over: a connector,
// which has a lower limit of its own, must not stop init in this way.
int raise_descriptor_limit(Jail&) {
    rlimit limit = {};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return errno;
    }
    limit.rlim_cur = limit.rlim_max;
    return result_of(setrlimit(RLIMIT_NOFILE, &limit));
}

// The mapping is shared, so that the plan and its secrets exist once and are wiped once.
int read_plan(Jail& jail) {
    struct stat status = {};
    if (fstat(wire::plan_fd, &status) != 0) {
        return errno;
    }
    if (status.st_size <= 0 || static_cast<std::size_t>(status.st_size) > wire::max_plan_bytes) {
        return EMSGSIZE;
    }
    jail.plan_size_bytes = static_cast<std::size_t>(status.st_size);
    void* mapping =
        mmap(nullptr, jail.plan_size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, wire::plan_fd, 0);
    if (mapping == MAP_FAILED) {
        return errno;
    }
    jail.plan_bytes = static_cast<unsigned char*>(mapping);
    mlock(mapping, jail.plan_size_bytes); // best effort: the limit may be too low
    close(wire::plan_fd);
    return decode_plan(jail.plan_bytes, jail.plan_size_bytes, jail.plan) ? 0 : EBADMSG;
}

int announce_init(Jail& jail) {
    return send_report_with_fd(wire::control_fd, make_report(wire::ReportKind::init_started, 0),
                               jail.init_pidfd);
}

int let_init_go(Jail& jail) {
    const char go = 'g';
    return write(jail.go_write_fd, &go, 1) == 1 ? 0 : errno;
}

constexpr Step stage_one_steps[] = {
    {"descriptors", close_strangers},
    {"descriptor_limit", raise_descriptor_limit},
    {"plan", read_plan},
    {"cgroup", enter_cgroup},
    {"namespaces", create_namespaces},
    {"id_map", write_id_maps},
    {"announce", announce_init},
    {"go", let_init_go},
};

int leave_connector_behind(Jail& jail) {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    close(jail.go_write_fd);
    return result_of(munmap(jail.plan_bytes, jail.plan_size_bytes));
}

int hide_memory(Jail&) {
    return result_of(prctl(PR_SET_DUMPABLE, 0));
}

// Nothing of stage 1 is left but the watch: no plan, no pipes, no privileges.
constexpr Step watcher_steps[] = {
    {"watcher_descriptors", leave_connector_behind},
    {"watcher_identity", drop_to_watcher_identity},
    {"watcher_no_new_privileges", forbid_new_privileges},
    {"watcher_memory", hide_memory},
};

// Init watches the control socket too; the second watcher is for an init that cannot.
void wait_for_init(Jail& jail) {
    pollfd watched[] = {{wire::control_fd, POLLHUP, 0}, {jail.init_pidfd, POLLIN, 0}};
    while ((watched[1].revents & POLLIN) == 0) {
        // Commands on the socket are for init: only the hang-up matters here.
        watched[0].events = 0;
        if (poll(watched, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        if ((watched[0].revents & (POLLHUP | POLLERR)) != 0) {
            kill(jail.init_pid, SIGKILL);
            watched[0].fd = -1;
        }
    }
    while (waitpid(jail.init_pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

} // namespace
} // namespace gatehouse::jail

int main() {
    using namespace gatehouse::jail;
    signal(SIGPIPE, SIG_IGN);
    run_steps(the_jail, stage_one_steps);
    run_steps(the_jail, watcher_steps);
    wait_for_init(the_jail);
    return 0;
}
