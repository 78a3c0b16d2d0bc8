// World C: the product's own StdioSession over real pipes on virtual time, with a connector at the
// other end that answers late, twice, to ids nobody used, in any order, in pieces, or not at all,
// writes garbage, stops reading and dies; and many callers who give up and run out of time.
#pragma once

#include "tests/unit/simulation/story.hpp"

namespace gatehouse::simulation {

// Each is a wrapper around the session, or a hand in its pipe, that breaks one of its promises.
enum class SessionBug {
    none,
    answers_are_swapped, // one call gets another's answer
    sent_is_denied,      // never_sent is said after bytes were written
    cancel_is_unheard,   // a call that was given up keeps its slot
    end_is_late,         // calls outlive their connector
    deadline_is_longer,
    called_again, // a call that ran out of time is sent once more
    too_many_in_flight,
    queue_is_too_long,
    sent_before_intent, // what the journal must know first
};

void run_session(std::uint64_t seed, SessionBug bug, Story& story);

} // namespace gatehouse::simulation
