// The control groups of the tree: everything is in them before a word of the connector runs.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

// Step of stage 1. Version 1: this process enters, and all it starts is born there. Version 2:
// opens the way for init, which is born there (create_namespaces).
int enter_cgroup(Jail& jail);
// Step of init: sees its own group as the top of all.
int own_cgroup_namespace(Jail& jail);

} // namespace gatehouse::jail
