#include "sandbox/jail/report.hpp"

#include "sandbox/jail/jail.hpp"

#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace gatehouse::jail {

void copy_text(char* target, std::size_t size_bytes, const char* text) {
    const std::size_t length = strnlen(text, size_bytes - 1);
    std::memcpy(target, text, length);
    target[length] = '\0';
}

wire::Report make_report(wire::ReportKind kind, int number) {
    wire::Report report = {};
    report.kind = static_cast<std::uint32_t>(kind);
    report.number = number;
    return report;
}

void send_report(int fd, const wire::Report& report) {
    // write, not send: the connector reports through a pipe. SIGPIPE is ignored since main.
    while (write(fd, &report, sizeof report) < 0 && errno == EINTR) {
    }
}

int send_report_with_fd(int socket_fd, const wire::Report& report, int attached_fd) {
    iovec part = {const_cast<wire::Report*>(&report), sizeof report};
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (attached_fd >= 0) {
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &attached_fd, sizeof attached_fd);
    }
    // Init's filter allows these flags and no others.
    return result_of(sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

void run_step(Jail& jail, const Step& step) {
    jail.detail = "";
    const int error_number = step.run(jail);
    if (error_number == 0) {
        return;
    }
    wire::Report report = make_report(wire::ReportKind::step_failed, error_number);
    copy_text(report.step, sizeof report.step, step.name);
    copy_text(report.detail, sizeof report.detail, jail.detail);
    send_report(jail.report_fd, report);
    _exit(failed_exit_status);
}

void wipe_plan(Jail& jail) {
    if (jail.plan_bytes != nullptr) {
        explicit_bzero(jail.plan_bytes, jail.plan_size_bytes);
    }
}

} // namespace gatehouse::jail
