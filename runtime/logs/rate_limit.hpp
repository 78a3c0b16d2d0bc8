// RateLimit: two token buckets (lines and bytes) that decide whether a line is kept. Pure: the
// caller brings the time.
#pragma once

#include "runtime/base/clock.hpp"

#include <cstddef>

namespace gatehouse::runtime {

struct RateLimitOptions {
    double lines_per_second = 2'000;
    double lines_burst_count = 20'000;
    double bytes_per_second = 4.0 * 1024 * 1024;
    double bytes_burst_bytes = 4.0 * 1024 * 1024; // one second's worth
};

class RateLimit {
  public:
    explicit RateLimit(SteadyTime now, RateLimitOptions options = {});
    // Takes one line of that size, or nothing if either bucket is too low.
    bool admit(std::size_t line_bytes, SteadyTime now);

  private:
    RateLimitOptions options_;
    SteadyTime filled_at_;
    double lines_;
    double bytes_;
};

} // namespace gatehouse::runtime
