#include "runtime/logs/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace gatehouse::runtime {

namespace {

// Below this part of the burst a bucket counts as empty for a capture: under a flood it then keeps
// some lines in a row now and then, instead of making lines of every read to keep one of them.
constexpr double worth_reading_part = 0.01;

} // namespace

RateLimit::RateLimit(SteadyTime now, RateLimitOptions options)
    : options_(options), filled_at_(now), lines_(options.lines_burst_count),
      bytes_(options.bytes_burst_bytes) {}

void RateLimit::fill(SteadyTime now) {
    if (now <= filled_at_) {
        return;
    }
    const double seconds = std::chrono::duration<double>(now - filled_at_).count();
    filled_at_ = now;
    lines_ = std::min(options_.lines_burst_count, lines_ + seconds * options_.lines_per_second);
    bytes_ = std::min(options_.bytes_burst_bytes, bytes_ + seconds * options_.bytes_per_second);
}

bool RateLimit::admit(std::size_t line_bytes, SteadyTime now) {
    if (options_.lines_per_second <= 0) {
        return true;
    }
    fill(now);
    const auto size = static_cast<double>(line_bytes);
    if (lines_ < 1.0 || bytes_ < size) {
        return false;
    }
    lines_ -= 1.0;
    bytes_ -= size;
    return true;
}

void RateLimit::take(std::size_t line_bytes, SteadyTime now) {
    fill(now);
    lines_ -= 1.0;
    bytes_ -= static_cast<double>(line_bytes);
}

std::chrono::milliseconds RateLimit::wait_time(SteadyTime now) {
    if (options_.lines_per_second <= 0) {
        return std::chrono::milliseconds(0);
    }
    fill(now);
    const double lines = std::max(1.0, options_.lines_burst_count * worth_reading_part);
    const double bytes = options_.bytes_burst_bytes * worth_reading_part;
    const double for_lines = (lines - lines_) / options_.lines_per_second;
    const double for_bytes = (bytes - bytes_) / options_.bytes_per_second;
    const double seconds = std::max({for_lines, for_bytes, 0.0});
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

RateLimit& InstanceRateLimits::of(InstanceId instance, SteadyTime now) {
    const auto known = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const Entry& entry) { return entry.instance == instance; });
    if (known != entries_.end()) {
        return known->limit;
    }
    if (entries_.size() < kept_max_count) {
        entries_.push_back(Entry{instance, RateLimit(now, options_)});
        return entries_.back().limit;
    }
    const auto stalest =
        std::min_element(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
            return a.limit.used_at() < b.limit.used_at();
        });
    *stalest = Entry{instance, RateLimit(now, options_)};
    return stalest->limit;
}

} // namespace gatehouse::runtime
