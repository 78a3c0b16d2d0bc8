// Attribution: whose is what a legacy connector says of its own accord (a log, a question to the
// client), which carries no call's id. It may reach a client only if it provably is about that
// client's call; everything else would show one member what belongs to another. Pure.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

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

// The calls that ended without their answer, until it comes.
class AbandonedCalls {
  public:
    void add(std::uint64_t id);
    // An answer came that nothing waited for.
    void answered(std::uint64_t id) { ids_.erase(id); }
    // Once more calls were abandoned than are remembered, it stays true.
    bool any() const { return overflowed_ || !ids_.empty(); }

  private:
    boost::unordered_flat_set<std::uint64_t> ids_;
    bool overflowed_ = false;
};

} // namespace gatehouse::runtime
