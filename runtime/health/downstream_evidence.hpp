// DownstreamEvidence: what calls over HTTP tell of the service behind a connector: that it refuses
// the credential, or that it is away. Pure.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/health/cause_class.hpp"

#include <deque>
#include <optional>

namespace gatehouse::runtime {

// Of an Error by its code: GH-A1xx a refused credential, GH-D2xx (but 208, which is our own policy)
// a service that is away.
bool tells_refused_credential(const Error& error);
bool tells_outage(const Error& error);

class DownstreamEvidence {
  public:
    void add_answer(SteadyTime now);
    void add_failure(const Error& failure, WallTime at, SteadyTime now);
    void reset();

    // Three calls in a row were refused; until the next that is answered.
    std::optional<DownstreamFact> refused() const;
    // At least five calls of the last minute failed, and at least half of them; until two in a row
    // are answered.
    std::optional<DownstreamFact> outage(SteadyTime now) const;

  private:
    struct Seen {
        SteadyTime at;
        bool failed = false;
    };
    void note(SteadyTime now, bool failed);

    std::optional<DownstreamFact> refused_;
    int refused_in_row_ = 0;
    std::optional<DownstreamFact> failing_;
    int answered_in_row_ = 0;
    std::deque<Seen> recent_; // at most 64, of the last minute
};

} // namespace gatehouse::runtime
