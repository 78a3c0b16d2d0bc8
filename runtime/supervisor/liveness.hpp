// Liveness: what the probes of a running instance say: that it answers, that it is too busy to
// answer, or that it is wedged and must be killed. Pure; one for each instance.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/health/health_facts.hpp"
#include "runtime/manifest/connector_spec.hpp"

#include <cstdint>

namespace gatehouse::runtime {

// Counters of an instance that only grow; what grew between two looks is what it did.
struct LivenessSample {
    std::uint64_t answered = 0; // calls
    std::uint64_t received = 0; // pieces of protocol output
    std::uint64_t logged = 0;   // lines of its other output
    std::uint64_t cpu_ms = 0;   // of its whole tree; 0 where it has none here
    std::uint64_t in_flight = 0;
};

enum class LivenessVerdict { alive, failing, busy, dead };
std::string_view to_text(LivenessVerdict verdict);

class Liveness {
  public:
    // One that works on is killed all the same when it has not answered for so many times the
    // failures that kill an idle one.
    static constexpr int busy_patience = 10;
    // Less than this share of one core is no work: timers of a wedged runtime cost as much.
    static constexpr double busy_cpu_share = 0.05;

    explicit Liveness(LivenessSpec spec) : spec_(spec) {}

    // At the start of a period. A call that was answered, or one in flight that something was said
    // in, shows more than a probe: none is needed.
    bool progressed(const LivenessSample& now) const;
    LivenessVerdict on_alive(const LivenessSample& sample, WallTime at, SteadyTime now);
    LivenessVerdict on_silence(const LivenessSample& sample, WallTime at, SteadyTime now);
    // It became ready after a failure: the next probe confirms that it is well.
    void ask_confirmation() { facts_.confirmation_due = true; }

    LivenessVerdict verdict() const { return verdict_; }
    const LivenessFacts& facts() const { return facts_; }

  private:
    bool worked_since(const LivenessSample& sample, SteadyTime now) const;

    LivenessSpec spec_;
    LivenessSample last_;
    SteadyTime last_look_;
    LivenessVerdict verdict_ = LivenessVerdict::alive;
    LivenessFacts facts_;
};

} // namespace gatehouse::runtime
