#include "runtime/health/call_window.hpp"

#include <algorithm>
#include <bit>

namespace gatehouse::runtime {

namespace {

std::int64_t minute_of(SteadyTime time) {
    return std::chrono::duration_cast<std::chrono::minutes>(time.time_since_epoch()).count();
}

// Class 4·d + q holds the times from 2^d·(1 + q/4) on, up to the next class.
std::size_t time_class(std::uint64_t microseconds) {
    const std::uint64_t value = std::max<std::uint64_t>(microseconds, 1);
    const auto doubling = static_cast<std::size_t>(std::bit_width(value) - 1);
    const std::uint64_t rest = value - (std::uint64_t{1} << doubling);
    return doubling * 4 + static_cast<std::size_t>((rest * 4) >> doubling);
}

// The first time that is longer than all of the class.
std::uint64_t class_end(std::size_t time_class) {
    const std::size_t next = time_class + 1;
    const std::uint64_t start = std::uint64_t{1} << (next / 4);
    return start + start * (next % 4) / 4;
}

} // namespace

CallWindow::CallOutcome CallWindow::outcome_of(FailureClass failure) {
    switch (failure) {
    case FailureClass::connector:
        return CallOutcome::failed;
    case FailureClass::credential:
    case FailureClass::outage:
        return CallOutcome::failed_downstream;
    default:
        return CallOutcome::failed_elsewhere;
    }
}

CallWindow::Bucket& CallWindow::bucket_at(SteadyTime now) {
    const std::int64_t minute = minute_of(now);
    Bucket& bucket = buckets_[static_cast<std::size_t>(minute % bucket_count)];
    if (bucket.minute != minute) {
        bucket = Bucket{};
        bucket.minute = minute;
    }
    return bucket;
}

void CallWindow::add(CallOutcome outcome, SteadyTime now) {
    CallCounts& counts = bucket_at(now).counts;
    ++counts.calls;
    switch (outcome) {
    case CallOutcome::answered:
        break;
    case CallOutcome::failed:
        ++counts.failed;
        break;
    case CallOutcome::failed_downstream:
        ++counts.failed_downstream;
        break;
    case CallOutcome::failed_elsewhere:
        ++counts.failed_elsewhere;
        break;
    }
}

void CallWindow::add(CallOutcome outcome, std::chrono::microseconds took, SteadyTime now) {
    add(outcome, now);
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    ++bucket_at(now).times[std::min(time_class(count), class_count - 1)];
}

CallCounts CallWindow::recent(SteadyTime now) const {
    CallCounts sum;
    for (const Bucket& bucket : buckets_) {
        if (bucket.minute > minute_of(now) - bucket_count) {
            sum.calls += bucket.counts.calls;
            sum.failed += bucket.counts.failed;
            sum.failed_downstream += bucket.counts.failed_downstream;
            sum.failed_elsewhere += bucket.counts.failed_elsewhere;
        }
    }
    return sum;
}

std::chrono::microseconds CallWindow::percentile(int percent, SteadyTime now) const {
    std::array<std::uint64_t, class_count> sums{};
    std::uint64_t timed = 0;
    for (const Bucket& bucket : buckets_) {
        if (bucket.minute <= minute_of(now) - bucket_count) {
            continue;
        }
        for (std::size_t at = 0; at < class_count; ++at) {
            sums[at] += bucket.times[at];
            timed += bucket.times[at];
        }
    }
    if (timed == 0) {
        return std::chrono::microseconds(0);
    }
    const std::uint64_t wanted = (timed * static_cast<std::uint64_t>(percent) + 99) / 100;
    std::uint64_t below = 0;
    for (std::size_t at = 0; at < class_count; ++at) {
        below += sums[at];
        if (below >= wanted) {
            return std::chrono::microseconds(class_end(at));
        }
    }
    return std::chrono::microseconds(class_end(class_count - 1));
}

} // namespace gatehouse::runtime
