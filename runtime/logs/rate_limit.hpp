// RateLimit: two token buckets (lines and bytes) that decide whether a line is kept. Pure: the
// caller brings the time.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"

#include <cstddef>
#include <vector>

namespace gatehouse::runtime {

struct RateLimitOptions {
    double lines_per_second = 2'000; // 0: no limit at all
    double lines_burst_count = 20'000;
    double bytes_per_second = 4.0 * 1024 * 1024;
    double bytes_burst_bytes = 4.0 * 1024 * 1024; // one second's worth
};

class RateLimit {
  public:
    explicit RateLimit(SteadyTime now, RateLimitOptions options = {});
    // Takes one line of that size, or nothing if either bucket is too low.
    bool admit(std::size_t line_bytes, SteadyTime now);
    // Takes it in any case; the buckets may then owe.
    void take(std::size_t line_bytes, SteadyTime now);
    // How long until reading on is worth while: a hundredth of each burst; zero if it is now.
    std::chrono::milliseconds wait_time(SteadyTime now);
    SteadyTime used_at() const { return filled_at_; }

  private:
    void fill(SteadyTime now);
    RateLimitOptions options_;
    SteadyTime filled_at_;
    double lines_;
    double bytes_;
};

// One RateLimit for each instance of a connector, the 64 used last.
class InstanceRateLimits {
  public:
    static constexpr std::size_t kept_max_count = 64;
    explicit InstanceRateLimits(RateLimitOptions options) : options_(options) {}
    RateLimit& of(InstanceId instance, SteadyTime now);

  private:
    struct Entry {
        InstanceId instance;
        RateLimit limit;
    };
    RateLimitOptions options_;
    std::vector<Entry> entries_;
};

} // namespace gatehouse::runtime
