// Who a process is: uids, groups, capabilities, securebits, no_new_privs.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

// Init: in root mode another uid than the connector's with CAP_KILL alone (init relays signals
// to a foreign uid); as an ordinary user no capability at all. Returns 0 or errno.
int drop_to_init_identity(Jail& jail);
// Stage 1, once init is on its way: as init.
int drop_to_watcher_identity(Jail& jail);
// Connector: its uid and gid without groups, and no capability in any set, for good.
int drop_to_connector_identity(Jail& jail);
int forbid_new_privileges(Jail& jail);

} // namespace gatehouse::jail
