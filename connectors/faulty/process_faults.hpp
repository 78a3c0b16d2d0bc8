// Faults of a process: how it ends, what it uses up, what it leaves behind.
#pragma once

#include "connectors/faulty/fault.hpp"

namespace faulty {

// False for a kind that is none of these. Some kinds never return.
bool do_process_fault(const Fault& fault);

void ignore_term();

} // namespace faulty
