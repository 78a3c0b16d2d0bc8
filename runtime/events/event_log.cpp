#include "runtime/events/event_log.hpp"

#include <array>

namespace gatehouse::runtime {

namespace {

constexpr std::array<std::string_view, 10> event_kind_words = {
    "health",  "lifecycle", "exit",   "restart", "catalogue",
    "breaker", "verb",      "config", "secret",  "daemon"};

} // namespace

std::string_view to_text(EventKind kind) {
    return event_kind_words[static_cast<std::size_t>(kind)];
}

std::optional<EventKind> parse_event_kind(std::string_view text) {
    for (std::size_t index = 0; index < event_kind_words.size(); ++index) {
        if (event_kind_words[index] == text) {
            return static_cast<EventKind>(index);
        }
    }
    return std::nullopt;
}

} // namespace gatehouse::runtime
