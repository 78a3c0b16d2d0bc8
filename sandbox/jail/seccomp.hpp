// Loading of the filters that the daemon compiled (sandbox/seccomp).
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

// With a listener, for calls of a foreign ABI.
int load_connector_filter(Jail& jail);
// Gives the listener to init. Where that fails (as an ordinary user, when other processes of that
// user have too many descriptors on their way) these calls are answered with ENOSYS and nobody is
// killed.
int hand_over_listener(Jail& jail);
int load_init_filter(Jail& jail);

} // namespace gatehouse::jail
