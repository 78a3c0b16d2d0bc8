// Cause codes: every GH- code that Gatehouse can show, what it means and who can do what about it.
// They are stable: `gatehouse explain GH-P303` prints the entry, and a tidy test checks that each
// code in the source has one. Pure.
#pragma once

#include <span>
#include <string_view>

namespace gatehouse {

struct CauseCode {
    std::string_view code;    // "GH-P303"
    std::string_view title;   // "out of memory at its own limit", without a full stop
    std::string_view meaning; // what happened, what was seen to prove it, what Gatehouse does now
    std::string_view action;  // what to do, in the order of likelihood
    std::string_view who;     // "team", "admin", "operator", "member", "nobody: it mends itself"
};

// Sorted by code.
std::span<const CauseCode> all_cause_codes();
// Nothing for an unknown code. Letters in any case, "GH-" may be left out.
const CauseCode* find_cause_code(std::string_view code);

} // namespace gatehouse
