// The time of the loop's timers. Waits are measured with it; what is shown or judged is dated with
// the injected clock.
#pragma once

#include "runtime/base/clock.hpp"

#include <algorithm>
#include <chrono>

namespace gatehouse::runtime {

inline SteadyTime loop_now() {
    return std::chrono::steady_clock::now();
}

// Rounded up, never negative, so that a wait of this length reaches the deadline.
inline std::chrono::milliseconds left_until(SteadyTime deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - loop_now());
    return std::max(std::chrono::milliseconds(0), left);
}

} // namespace gatehouse::runtime
