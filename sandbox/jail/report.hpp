// Reports to the daemon: fixed-size packets over the control socket, or over the status pipe from
// the connector to init, which passes them on.
#pragma once

#include "sandbox/plan_wire.hpp"

namespace gatehouse::jail {

namespace wire = gatehouse::sandbox::wire;

wire::Report make_report(wire::ReportKind kind, int number);
// A daemon that is gone cannot be told anything: errors are ignored.
void send_report(int fd, const wire::Report& report);
// The same with a descriptor attached, none if it is -1 (control socket only; never blocks, EAGAIN
// if the daemon does not read). Returns 0 or errno.
int send_report_with_fd(int socket_fd, const wire::Report& report, int attached_fd);

void copy_text(char* target, std::size_t size_bytes, const char* text);

} // namespace gatehouse::jail
