// Loading of the filters that the daemon compiled (sandbox/seccomp).
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

int load_connector_filter(Jail& jail);
int load_init_filter(Jail& jail);

} // namespace gatehouse::jail
