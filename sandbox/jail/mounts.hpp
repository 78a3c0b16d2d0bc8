// The file system of the sandbox, step by step. All sources are cloned while the host's tree is
// still in place; then a small tmpfs root is built from them, sealed, and entered. Steps of init.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

int make_mounts_private(Jail& jail);
int clone_code_dir(Jail& jail);
int clone_volumes(Jail& jail);
int clone_runtime(Jail& jail); // /usr, read-only

int create_root(Jail& jail);    // a tmpfs with the fixed folders
int attach_runtime(Jail& jail); // /usr, and /bin, /lib … as on the host
int build_etc(Jail& jail);      // chosen files of the host, and the plan's generated ones
int build_dev(Jail& jail);      // null, zero, full, random, urandom
int build_tmp(Jail& jail);      // /tmp and /dev/shm
int attach_code(Jail& jail);    // /app
int attach_volumes(Jail& jail); // /data/<name>
int mount_proc(Jail& jail);     // only pids, and only one's own
int seal_root(Jail& jail);
int enter_root(Jail& jail);

} // namespace gatehouse::jail
