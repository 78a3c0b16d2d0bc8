// Calls that stop a thread of the connector's tree and make its filter ask: those of a foreign ABI.
#pragma once

#include "sandbox/plan_wire.hpp"

#include <sys/types.h>

namespace gatehouse::jail {

namespace wire = gatehouse::sandbox::wire;

// The descriptor that came with a packet, or -1. size is recvmsg's answer.
struct StatusPacket {
    wire::Report report = {};
    ssize_t size = 0;
    int attached_fd = -1;
};
StatusPacket receive_status(int socket_fd);

// Takes one call from the listener and kills its process. True if that was the connector itself;
// then `call` is what the daemon is to be told before its end.
bool kill_for_call(int listener_fd, pid_t connector_pid, wire::Report& call);

} // namespace gatehouse::jail
