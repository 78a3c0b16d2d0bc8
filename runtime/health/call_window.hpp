// CallWindow: how many calls of the last five minutes there were, and how many failed by the
// connector's fault, in one-minute buckets. Pure.
#pragma once

#include "runtime/base/clock.hpp"

#include <array>
#include <cstdint>

namespace gatehouse::runtime {

struct CallCounts {
    std::uint64_t calls = 0;
    std::uint64_t failed = 0;
};

class CallWindow {
  public:
    enum class CallOutcome { answered, failed };
    void add(CallOutcome outcome, SteadyTime now);
    CallCounts recent(SteadyTime now) const;

  private:
    struct Bucket {
        std::int64_t minute = -1;
        CallCounts counts;
    };
    static constexpr std::int64_t bucket_count = 5;
    std::array<Bucket, bucket_count> buckets_;
};

} // namespace gatehouse::runtime
