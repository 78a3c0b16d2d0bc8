// When a revision of a connector was in force, found in the events: each of its lifecycle events
// says "revision 1f2e3d4c". Pure reading; used for `logs --revision`.
#pragma once

#include "runtime/events/event_log.hpp"

#include <optional>
#include <string>

namespace gatehouse::gateway {

struct RevisionSpan {
    WallTime since;
    std::optional<WallTime> until; // nothing: it still is
};

// From its first event to the first of another revision after its last. Nothing: it was never
// seen, or so long ago that its events are gone. A revision may be named by its first digits, 4 at
// least.
std::optional<RevisionSpan> find_revision(runtime::EventLog& events, const std::string& connector,
                                          const std::string& revision);

} // namespace gatehouse::gateway
