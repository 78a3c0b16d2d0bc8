// Init: pid 1 of the sandbox. Builds it, starts the connector as pid 2, reaps, relays signals,
// reports the end, and exits when the connector has ended or the daemon has hung up; the kernel
// then kills the rest.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

[[noreturn]] void run_init(Jail& jail);

} // namespace gatehouse::jail
