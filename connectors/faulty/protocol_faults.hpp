// Faults of the protocol: what is written to stdout that should not be, or not so.
#pragma once

#include "connectors/faulty/fault.hpp"

namespace faulty {

// False for a kind that is none of these. Answers the call itself where the kind wants it
// answered.
bool do_protocol_fault(const Fault& fault);

} // namespace faulty
