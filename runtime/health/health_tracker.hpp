// HealthTracker: what is shown of a connector's health over time. judge_health answers for one
// instant; this keeps the answer from jumping about: a condition is over when it was false for
// 60 s, an improvement is shown when it has lasted 10 s, and a word that changes again and again is
// shown as degraded (`flapping`). What gets worse is shown at once. Pure; one for each connector.
#pragma once

#include "runtime/health/health.hpp"

#include <chrono>
#include <deque>
#include <optional>
#include <vector>

namespace gatehouse::runtime {

constexpr std::chrono::seconds improvement_dwell{10};
constexpr std::chrono::minutes flapping_window{10};
constexpr std::size_t flapping_transitions_count = 6;

class HealthTracker {
  public:
    // Feed it whenever facts may have changed, and now and then while they have not (a second or
    // so): time alone ends conditions. The answer is also kept in shown().
    const Health& update(Health raw, WallTime now);
    const Health& shown() const { return shown_; }
    bool flapping(WallTime now) const;
    // When an update without new facts may change what is shown; nothing: not before new facts.
    std::optional<WallTime> next_change() const { return next_change_; }

  private:
    struct Held {
        HealthCondition condition;
        WallTime last_true;
    };
    void forget_future(WallTime now);
    void note_transition(const Health& raw, WallTime now);
    void hold_conditions(Health& raw, WallTime now);
    void hold_flapping(Health& raw, WallTime now);
    bool must_wait(const Health& raw, WallTime now);
    void show(Health health, WallTime now);

    bool begun_ = false;
    Health shown_;
    std::vector<Held> held_;
    std::optional<WallTime> better_since_; // a better word waits to be shown
    std::optional<HealthWord> last_judged_;
    std::optional<Error> last_cause_; // of the last word that was not healthy
    EvidenceSource last_source_ = EvidenceSource::none;
    std::deque<WallTime> transitions_; // the newest few of the judged word
    std::optional<WallTime> next_change_;
};

} // namespace gatehouse::runtime
