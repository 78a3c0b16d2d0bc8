// Attribution: whose is what a legacy connector says of its own accord (a log, a question to the
// client), which carries no call's id. It may reach a client only if it provably is about that
// client's call; everything else would show one member what belongs to another. Pure.
#pragma once

#include "runtime/base/clock.hpp"

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace gatehouse::runtime {

enum class Belongs {
    to_call,    // the only call in flight
    to_session, // no certain call, but the connector serves one client session alone
    to_nobody,  // could be anyone's
};

struct CallsAtWork {
    std::size_t calls_count = 0;  // of clients, sent and not yet answered
    bool other_requests = false;  // a client's subscription is on its way, too
    bool abandoned_calls = false; // given up without an answer: may still be worked on
    bool single_session = false;
};

constexpr Belongs whose(const CallsAtWork& at_work) {
    if (at_work.single_session) {
        return at_work.calls_count == 1 ? Belongs::to_call : Belongs::to_session;
    }
    const bool certain =
        at_work.calls_count == 1 && !at_work.other_requests && !at_work.abandoned_calls;
    return certain ? Belongs::to_call : Belongs::to_nobody;
}

// A call that was given up a moment ago.
struct JustAbandoned {
    std::uint64_t id = 0;
    SteadyTime patience_until;
    std::optional<std::string> untold; // why; set if the connector is told only after that time
};

// The calls that ended without their answer, until it comes.
class AbandonedCalls {
  public:
    // False if there are too many: it is not remembered, and its answer not waited for.
    bool add(JustAbandoned call);
    // An answer came that nothing waited for.
    void answered(std::uint64_t id);
    // Once more calls were abandoned than are remembered, it stays true.
    bool any() const { return overflowed_ || !ids_.empty(); }
    // Whether an answer may come soon, so that it is better to wait than to be certain of nothing.
    bool awaited() const { return !recent_.empty(); }
    SteadyTime patience_until() const { return recent_.front().patience_until; }
    // The longest awaited, if its time is over; it is not awaited any more, nor forgotten.
    std::optional<JustAbandoned> overdue(SteadyTime now);

  private:
    boost::unordered_flat_set<std::uint64_t> ids_;
    std::deque<JustAbandoned> recent_; // all are awaited equally long, so the oldest is the first
    bool overflowed_ = false;
};

} // namespace gatehouse::runtime
