#include "runtime/health/call_window.hpp"

namespace gatehouse::runtime {

namespace {

std::int64_t minute_of(SteadyTime time) {
    return std::chrono::duration_cast<std::chrono::minutes>(time.time_since_epoch()).count();
}

} // namespace

void CallWindow::add(CallOutcome outcome, SteadyTime now) {
    const std::int64_t minute = minute_of(now);
    Bucket& bucket = buckets_[static_cast<std::size_t>(minute % bucket_count)];
    if (bucket.minute != minute) {
        bucket = Bucket{minute, {}};
    }
    ++bucket.counts.calls;
    bucket.counts.failed += outcome == CallOutcome::failed ? 1 : 0;
}

CallCounts CallWindow::recent(SteadyTime now) const {
    CallCounts sum;
    for (const auto& bucket : buckets_) {
        if (bucket.minute > minute_of(now) - bucket_count) {
            sum.calls += bucket.counts.calls;
            sum.failed += bucket.counts.failed;
        }
    }
    return sum;
}

} // namespace gatehouse::runtime
