#include "sandbox/jail/dial.hpp"

#include "sandbox/jail/jail.hpp"
#include "sandbox/jail/report.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

int start_connect(int fd, const wire::Command& command) {
    int error_number = 0;
    if (command.family == AF_INET) {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(command.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        error_number =
            result_of(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    } else {
        sockaddr_in6 address = {};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(command.port);
        address.sin6_addr = in6addr_loopback;
        error_number =
            result_of(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    }
    return error_number == EINPROGRESS ? 0 : error_number;
}

} // namespace

void answer_dial(const wire::Command& command) {
    wire::Report report = make_report(wire::ReportKind::dialed, EAFNOSUPPORT);
    report.request = command.request;
    int fd = -1;
    if (command.family == AF_INET || command.family == AF_INET6) {
        fd = socket(command.family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        report.number = fd < 0 ? errno : start_connect(fd, command);
    }
    const bool started = report.number == 0;
    const int error_number = send_report_with_fd(wire::control_fd, report, started ? fd : -1);
    if (started && error_number != 0) {
        // Too many descriptors under way, for one: the daemon still gets its answer.
        report.number = error_number;
        send_report_with_fd(wire::control_fd, report, -1);
    }
    if (fd >= 0) {
        close(fd);
    }
}

} // namespace gatehouse::jail
