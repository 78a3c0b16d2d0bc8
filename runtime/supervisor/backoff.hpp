// Backoff: how long to wait before the next attempt, and when to give up. Pure: time and chance are
// brought by the caller.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/manifest/connector_spec.hpp"

#include <deque>
#include <optional>

namespace gatehouse::runtime {

class Backoff {
  public:
    explicit Backoff(RestartSpec spec) : spec_(spec) {}

    // Counts a failure. `chance` is uniform in [0, 1). The delay is initial · 2^(failures in a row
    // - 1), at most max, moved by ± jitter; nothing if the budget (failures in the window) is used
    // up.
    std::optional<milliseconds> on_failure(SteadyTime now, double chance);
    // An instance was ready for that long and then ended; from reset_after on the delay begins
    // anew.
    void on_ready_for(milliseconds uptime);
    // Someone asked for a fresh start: all is forgiven.
    void reset();

    int failures_within(milliseconds span, SteadyTime now) const;
    int failures_in_row() const { return in_row_; }

  private:
    RestartSpec spec_;
    int in_row_ = 0;
    std::deque<SteadyTime> failures_; // at most spec_.failures, within the window
};

} // namespace gatehouse::runtime
