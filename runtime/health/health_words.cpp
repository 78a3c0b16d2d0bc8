#include "runtime/health/health.hpp"

#include <algorithm>
#include <iterator>

namespace gatehouse::runtime {

std::string_view to_text(HealthWord word) {
    constexpr std::string_view texts[] = {
        "unknown",   "starting",      "healthy",           "degraded",
        "unhealthy", "auth_failed",   "downstream_outage", "crash_loop",
        "failed",    "misconfigured", "quarantined",       "idle",
        "stopped"};
    return texts[static_cast<std::size_t>(word)];
}

int health_rank(HealthWord word) {
    constexpr HealthWord worst_first[] = {
        HealthWord::stopped,     HealthWord::quarantined,       HealthWord::misconfigured,
        HealthWord::failed,      HealthWord::crash_loop,        HealthWord::unhealthy,
        HealthWord::auth_failed, HealthWord::downstream_outage, HealthWord::degraded,
        HealthWord::starting,    HealthWord::unknown,           HealthWord::idle,
        HealthWord::healthy};
    return static_cast<int>(std::find(std::begin(worst_first), std::end(worst_first), word) -
                            std::begin(worst_first));
}

std::string_view to_text(Confidence confidence) {
    constexpr std::string_view texts[] = {"", "suspected", "likely", "certain"};
    return texts[static_cast<std::size_t>(confidence)];
}

std::string_view to_text(BreakerState state) {
    constexpr std::string_view texts[] = {"closed", "open", "half_open", "recovering"};
    return texts[static_cast<std::size_t>(state)];
}

} // namespace gatehouse::runtime
