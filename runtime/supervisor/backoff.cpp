#include "runtime/supervisor/backoff.hpp"

#include <algorithm>

namespace gatehouse::runtime {

std::optional<milliseconds> Backoff::on_failure(SteadyTime now, double chance) {
    failures_.push_back(now);
    const SteadyTime window_start = now - spec_.window;
    while (failures_.front() <= window_start) {
        failures_.pop_front();
    }
    ++in_row_;
    if (static_cast<int>(failures_.size()) >= spec_.failures) {
        return std::nullopt;
    }
    const auto max = static_cast<double>(spec_.max.count());
    auto delay = static_cast<double>(spec_.initial.count());
    for (int step = 1; step < in_row_ && delay < max; ++step) {
        delay *= 2.0;
    }
    delay = std::min(delay, max) * (1.0 + spec_.jitter * (2.0 * chance - 1.0));
    return milliseconds(static_cast<milliseconds::rep>(delay));
}

void Backoff::on_ready_for(milliseconds uptime) {
    if (uptime >= spec_.reset_after) {
        in_row_ = 0;
    }
}

void Backoff::reset() {
    in_row_ = 0;
    failures_.clear();
}

int Backoff::failures_within(milliseconds span, SteadyTime now) const {
    const auto inside = std::count_if(failures_.begin(), failures_.end(),
                                      [&](SteadyTime failure) { return failure > now - span; });
    return static_cast<int>(inside);
}

} // namespace gatehouse::runtime
