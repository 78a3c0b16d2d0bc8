// The parts of the table of cause codes, each sorted, by what they tell of. Pure; used by
// cause_codes.cpp alone.
#pragma once

#include "runtime/base/cause_codes.hpp"

#include <span>

namespace gatehouse {

std::span<const CauseCode> access_cause_codes();     // GH-A
std::span<const CauseCode> config_cause_codes();     // GH-C
std::span<const CauseCode> downstream_cause_codes(); // GH-D, GH-G
std::span<const CauseCode> protocol_cause_codes();   // GH-L, GH-M
std::span<const CauseCode> names_cause_codes();      // GH-N
std::span<const CauseCode> process_cause_codes();    // GH-P
std::span<const CauseCode> limits_cause_codes();     // GH-R, GH-S

} // namespace gatehouse
