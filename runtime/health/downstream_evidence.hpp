// DownstreamEvidence: what calls tell of the service behind a connector: that it refuses the
// credential, that it is away, or that we ourselves refused to let the connector reach it. Pure.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/error.hpp"
#include "runtime/health/cause_class.hpp"

#include <deque>
#include <optional>

namespace gatehouse::runtime {

// Of an Error by its code: GH-A101, A103 and A104 a refused credential, GH-D2xx (but 208, which is
// our own policy) a service that is away.
bool tells_refused_credential(const Error& error);
bool tells_outage(const Error& error);

class DownstreamEvidence {
  public:
    void add_answer(SteadyTime now);
    void add_failure(const Error& failure, WallTime at, SteadyTime now);
    // With a host, a status and a source; `since` is when it was seen.
    void add_failure(const DatedCause& failure, SteadyTime now);
    void reset();

    // Three calls in a row were refused, or one renewal of the credential (GH-A101); until the next
    // that is answered.
    std::optional<DatedCause> refused() const;
    // At least five calls of the last minute failed, and at least half of them; until two in a row
    // are answered.
    std::optional<DatedCause> outage(SteadyTime now) const;
    // The last refusal of our own, since the first without an answer in between.
    const std::optional<DatedCause>& blocked() const { return blocked_; }

  private:
    struct Seen {
        SteadyTime at;
        bool failed = false;
    };
    void note(SteadyTime now, bool failed);

    std::optional<DatedCause> refused_;
    int refused_in_row_ = 0;
    std::optional<DatedCause> failing_;
    int answered_in_row_ = 0;
    std::optional<DatedCause> blocked_;
    bool answered_since_block_ = false;
    std::deque<Seen> recent_; // at most 64, of the last minute
};

} // namespace gatehouse::runtime
