#include "sandbox/jail/seccomp.hpp"

#include "sandbox/jail/report.hpp"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

long load_filter(const Filter& filter, unsigned flags) {
    sock_fprog program = {};
    program.len = filter.count;
    program.filter = const_cast<sock_filter*>(filter.instructions);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

} // namespace

int load_connector_filter(Jail& jail) {
    const long listener = load_filter(jail.plan.connector_filter, SECCOMP_FILTER_FLAG_NEW_LISTENER);
    jail.listener_fd = static_cast<int>(listener);
    return result_of(listener);
}

int hand_over_listener(Jail& jail) {
    send_report_with_fd(jail.report_fd, make_report(wire::ReportKind::filter_loaded, 0),
                        jail.listener_fd);
    return result_of(close(jail.listener_fd));
}

int load_init_filter(Jail& jail) {
    return result_of(load_filter(jail.plan.init_filter, 0));
}

} // namespace gatehouse::jail
