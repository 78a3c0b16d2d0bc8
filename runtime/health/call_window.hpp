// CallWindow: how many calls of the last five minutes there were, how many failed and by whose
// fault, and how long they took, in one-minute buckets. Pure.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/health/cause_class.hpp"

#include <array>
#include <chrono>
#include <cstdint>

namespace gatehouse::runtime {

struct CallCounts {
    std::uint64_t calls = 0;
    std::uint64_t failed = 0;            // by the connector's fault
    std::uint64_t failed_downstream = 0; // because of what is behind it: credential or outage
    std::uint64_t failed_elsewhere = 0;  // refused by us, or the caller's fault
};

class CallWindow {
  public:
    enum class CallOutcome { answered, failed, failed_downstream, failed_elsewhere };
    static CallOutcome outcome_of(FailureClass failure);

    void add(CallOutcome outcome, SteadyTime now);
    // Also counts how long it took.
    void add(CallOutcome outcome, std::chrono::microseconds took, SteadyTime now);

    CallCounts recent(SteadyTime now) const;
    // The time within which this share of the recent calls ended, rounded up by at most 25 %; 0 if
    // none was timed. `percent` from 1 to 100.
    std::chrono::microseconds percentile(int percent, SteadyTime now) const;

  private:
    // Four classes to each doubling of time, from 1 us to 4 hours.
    static constexpr std::size_t class_count = 136;
    struct Bucket {
        std::int64_t minute = -1;
        CallCounts counts;
        std::array<std::uint32_t, class_count> times{};
    };
    static constexpr std::int64_t bucket_count = 5;
    Bucket& bucket_at(SteadyTime now);

    std::array<Bucket, bucket_count> buckets_;
};

} // namespace gatehouse::runtime
