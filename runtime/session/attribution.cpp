#include "runtime/session/attribution.hpp"

#include <algorithm>
#include <array>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t abandoned_max_count = 1024;
constexpr std::array<std::string_view, 8> log_levels = {"debug", "info",     "notice", "warning",
                                                        "error", "critical", "alert",  "emergency"};

} // namespace

void AbandonedCalls::add(std::uint64_t id) {
    if (ids_.size() < abandoned_max_count) {
        ids_.insert(id);
    } else {
        overflowed_ = true;
    }
}

std::optional<int> severity_of(std::string_view log_level) {
    const auto* const found = std::find(log_levels.begin(), log_levels.end(), log_level);
    if (found == log_levels.end()) {
        return std::nullopt;
    }
    return static_cast<int>(found - log_levels.begin());
}

} // namespace gatehouse::runtime
