// The daemon's way to a connector that listens on the loopback of the sandbox: init, which lives in
// that network namespace, makes the socket and gives it away.
#pragma once

#include "sandbox/plan_wire.hpp"

namespace gatehouse::jail {

namespace wire = gatehouse::sandbox::wire;

// Starts the connection that the command asks for and sends the socket, or an errno, to the daemon,
// which waits for the rest. Never blocks; init keeps nothing of it.
void answer_dial(const wire::Command& command);

} // namespace gatehouse::jail
