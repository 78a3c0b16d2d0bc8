#include "sandbox/jail/seccomp.hpp"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

int load_filter(const Filter& filter) {
    sock_fprog program = {};
    program.len = filter.count;
    program.filter = const_cast<sock_filter*>(filter.instructions);
    return result_of(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

} // namespace

int load_connector_filter(Jail& jail) {
    return load_filter(jail.plan.connector_filter);
}

int load_init_filter(Jail& jail) {
    return load_filter(jail.plan.init_filter);
}

} // namespace gatehouse::jail
