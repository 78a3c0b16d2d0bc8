// rlimits of the connector; its children inherit them and cannot raise them.
#pragma once

#include "sandbox/jail/jail.hpp"

namespace gatehouse::jail {

int set_limits(Jail& jail);

} // namespace gatehouse::jail
