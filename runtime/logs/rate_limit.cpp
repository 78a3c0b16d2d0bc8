#include "runtime/logs/rate_limit.hpp"

#include <algorithm>

namespace gatehouse::runtime {

RateLimit::RateLimit(SteadyTime now, RateLimitOptions options)
    : options_(options), filled_at_(now), lines_(options.lines_burst_count),
      bytes_(options.bytes_burst_bytes) {}

bool RateLimit::admit(std::size_t line_bytes, SteadyTime now) {
    const double seconds = std::chrono::duration<double>(now - filled_at_).count();
    filled_at_ = now;
    lines_ = std::min(options_.lines_burst_count, lines_ + seconds * options_.lines_per_second);
    bytes_ = std::min(options_.bytes_burst_bytes, bytes_ + seconds * options_.bytes_per_second);
    const auto size = static_cast<double>(line_bytes);
    if (lines_ < 1.0 || bytes_ < size) {
        return false;
    }
    lines_ -= 1.0;
    bytes_ -= size;
    return true;
}

} // namespace gatehouse::runtime
