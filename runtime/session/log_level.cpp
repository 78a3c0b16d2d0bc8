#include "runtime/session/log_level.hpp"

#include <algorithm>

namespace gatehouse::runtime {

std::optional<int> severity_of(std::string_view level) {
    const auto* const found = std::find(log_levels.begin(), log_levels.end(), level);
    if (found == log_levels.end()) {
        return std::nullopt;
    }
    return static_cast<int>(found - log_levels.begin());
}

bool level_reaches(std::string_view level, std::string_view least) {
    const auto severity = severity_of(level);
    const auto wanted = severity_of(least);
    return !severity || !wanted || *severity >= *wanted;
}

} // namespace gatehouse::runtime
