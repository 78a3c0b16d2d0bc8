// One packet from the jail over the control socket. Every descriptor that comes with it is owned
// at once: none leaks, whatever the packet is. Used by ChildProcess.
#pragma once

#include "runtime/base/unique_fd.hpp"
#include "sandbox/plan_wire.hpp"

namespace gatehouse::sandbox {

struct ControlPacket {
    enum class State {
        whole,       // a report
        odd,         // of another size: to be ignored
        nothing_yet, // the socket is empty
        closed,      // no process holds the other end, or the socket failed
    };
    State state = State::closed;
    wire::Report report = {};
    // Close-on-exec; of a whole packet with exactly one. Missing too if this process may open no
    // more.
    UniqueFd attached;
};

// Never waits.
ControlPacket receive_control_packet(int socket_fd);

} // namespace gatehouse::sandbox
