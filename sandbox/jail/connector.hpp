// The connector: pid 2 of the sandbox. Gives up everything in a fixed order, then executes the
// command.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

[[noreturn]] void run_connector(Jail& jail);

} // namespace gatehouse::jail
