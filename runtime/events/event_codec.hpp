// One event as one line of a file: eight digits of a CRC-32, a blank, JSON without line breaks.
// Pure.
#pragma once

#include "runtime/events/event_log.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

std::string encode_event(const Event& event); // ends with a newline
// Without the newline. Nothing for a line that is torn or changed.
std::optional<Event> decode_event(std::string_view line);
// The CRC alone: cheaper than decoding.
bool is_whole_event(std::string_view line);
// Cheap tests on the bytes that may say yes to an event that does not fit, never no to one that
// does.
bool may_fit(std::string_view line, const EventFilter& filter);
bool fits(const Event& event, const EventFilter& filter);

} // namespace gatehouse::runtime
