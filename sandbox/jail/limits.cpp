#include "sandbox/jail/limits.hpp"

#include <sys/resource.h>

namespace gatehouse::jail {
namespace {

constexpr std::uint64_t unlimited = RLIM_INFINITY; // as far as the daemon's own limit goes

struct Limit {
    const char* name;
    __rlimit_resource resource;
    std::uint64_t value;
};

// Lower of the wanted value and the inherited hard limit: the daemon's own limits hold too.
int set_limit(const Limit& limit) {
    rlimit current = {};
    if (getrlimit(limit.resource, &current) != 0) {
        return errno;
    }
    const rlim_t value = limit.value < current.rlim_max ? limit.value : current.rlim_max;
    const rlimit wanted = {value, value};
    return result_of(setrlimit(limit.resource, &wanted));
}

// Lower than init's limit by more than one message can carry (253): the reason is in main.cpp.
std::uint64_t below_inits_limit(std::uint64_t nofile) {
    rlimit of_init = {};
    if (getrlimit(RLIMIT_NOFILE, &of_init) != 0) {
        return nofile;
    }
    const std::uint64_t bound = of_init.rlim_cur - of_init.rlim_cur / 4;
    return nofile < bound ? nofile : bound;
}

} // namespace

int set_limits(Jail& jail) {
    const wire::Limits& plan = jail.plan.limits;
    // Where the control group keeps the limit of the whole tree, an rlimit of each process would
    // only fail earlier, and without a proof: RLIMIT_DATA counts memory that was never touched, and
    // RLIMIT_NPROC counts the processes of all instances with this uid.
    const bool memory_by_group = jail.plan.cgroups.limits_memory != 0;
    const bool pids_by_group = jail.plan.cgroups.limits_pids != 0;
    // Never RLIMIT_AS: node reserves gigabytes of address space that it never uses (3.5 GiB with
    // WebAssembly, 0.7 GiB without). RLIMIT_DATA counts private writable memory as it is made
    // usable: node 20 idles at 48 MiB and stays within 20 MiB of its resident size.
    const Limit limits[] = {
        {"core", RLIMIT_CORE, 0},
        {"data", RLIMIT_DATA, memory_by_group ? unlimited : plan.memory_bytes},
        {"fsize", RLIMIT_FSIZE, plan.file_bytes},
        {"memlock", RLIMIT_MEMLOCK, 1U << 20},
        {"msgqueue", RLIMIT_MSGQUEUE, 0},
        {"nice", RLIMIT_NICE, 0},
        {"nofile", RLIMIT_NOFILE, below_inits_limit(plan.nofile)},
        {"nproc", RLIMIT_NPROC, pids_by_group ? unlimited : plan.pids},
        {"rtprio", RLIMIT_RTPRIO, 0},
        {"sigpending", RLIMIT_SIGPENDING, 4096},
        {"stack", RLIMIT_STACK, 8U << 20},
    };
    for (const Limit& limit : limits) {
        jail.detail = limit.name;
        if (const int error_number = set_limit(limit); error_number != 0) {
            return error_number;
        }
    }
    return 0;
}

} // namespace gatehouse::jail
