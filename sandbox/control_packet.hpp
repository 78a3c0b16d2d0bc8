// One packet from the jail over the control socket. Every descriptor that comes with it is owned
// at once: none leaks, whatever the packet is. Used by ChildProcess.
#pragma once

#include "runtime/base/unique_fd.hpp"
#include "sandbox/plan_wire.hpp"

namespace gatehouse::sandbox {

struct ControlPacket {
    enum class State {
        whole,       // a report
        odd,         // of another size, or with more than one descriptor: to be ignored
        nothing_yet, // the socket is empty
        closed,      // no process holds the other end, or the socket failed
    };
    State state = State::closed;
    wire::Report report = {};
    UniqueFd attached; // close-on-exec; only with a whole packet, and not with every one
};

// Never waits.
ControlPacket receive_control_packet(int socket_fd);

} // namespace gatehouse::sandbox
