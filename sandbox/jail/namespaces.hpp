// Namespaces: pid 1 is cloned straight into all of them; an ordinary user also gets a user
// namespace whose map the parent writes. Nested user namespaces are bounded and then refused.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

// Step of stage 1. The child continues in run_init and never returns.
int create_namespaces(Jail& jail);
// Step of stage 1: setgroups deny, uid and gid map. Does nothing in root mode.
int write_id_maps(Jail& jail);

// Steps of init.
int wait_for_go(Jail& jail);
int name_host(Jail& jail);
int limit_user_namespaces(Jail& jail); // ordinary user: one more, for the connector itself
int raise_loopback(Jail& jail);

// Step of the connector, ordinary user: its own user namespace, so that it owns none of the others.
int nest_user_namespace(Jail& jail);

} // namespace gatehouse::jail
