// The one pass over JSON text behind validate_json and read_envelope: it checks everything and
// notes where the members of the outermost object lie. Pure, iterative, no tree.
#pragma once

#include "runtime/session/json_scan.hpp"

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <string_view>

namespace gatehouse::runtime {

// Members beyond this many are not noted: no JSON-RPC message has so many, and the list stays
// bounded.
constexpr std::size_t noted_members_max_count = 64;

struct NotedMembers {
    boost::container::small_vector<JsonMember, 8> items;
    bool too_many = false;
};

struct ScanProblem {
    const char* reason = nullptr; // null: the text is valid
    std::size_t offset = 0;

    bool found() const { return reason != nullptr; }
};

// Checks `text`. `outermost` may be null; after a problem it holds the members that were complete
// before it. The UTF-8 check runs last, so that the members are noted for a text that fails only
// that.
ScanProblem scan_json(std::string_view text, NotedMembers* outermost);

// The text for people: "byte 17: duplicate key".
std::string to_text(const ScanProblem& problem);

} // namespace gatehouse::runtime
