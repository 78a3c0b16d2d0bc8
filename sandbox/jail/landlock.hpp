// Landlock: a second lock on files behind the mounts, and the scope of signals and abstract
// sockets.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

int restrict_files(Jail& jail);

} // namespace gatehouse::jail
