#include "runtime/http_client/sse_reader.hpp"

#include "runtime/base/units.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <emmintrin.h>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::size_t longest_name_bytes = 5; // "event", "retry"
constexpr int retry_max_digits = 9;

// The offset of the first CR or LF; the size of `text` if there is none.
std::size_t line_end_in(std::string_view text) {
    const __m128i carriage_return = _mm_set1_epi8('\r');
    const __m128i line_feed = _mm_set1_epi8('\n');
    std::size_t at = 0;
    for (; text.size() - at >= 16; at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
        const __m128i marks =
            _mm_or_si128(_mm_cmpeq_epi8(bytes, carriage_return), _mm_cmpeq_epi8(bytes, line_feed));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(marks));
        if (mask != 0) {
            return at + static_cast<std::size_t>(std::countr_zero(mask));
        }
    }
    while (at < text.size() && text[at] != '\r' && text[at] != '\n') {
        ++at;
    }
    return at;
}

} // namespace

SseReader::SseReader(std::size_t event_max_bytes, std::string last_event_id)
    : event_max_bytes_(event_max_bytes), last_event_id_(std::move(last_event_id)) {}

std::optional<SseEvent> SseReader::take() {
    if (!ready_) {
        return std::nullopt;
    }
    ready_ = false;
    return std::exchange(event_, SseEvent());
}

Result<std::size_t> SseReader::read(std::string_view bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !ready_ && !too_long_) {
        if (line_feed_belongs_to_end_) {
            line_feed_belongs_to_end_ = false;
            if (bytes[used] == '\n') {
                ++used;
                continue;
            }
        }
        const char next = bytes[used];
        if (next == '\r' || next == '\n') {
            line_feed_belongs_to_end_ = next == '\r';
            ++used;
            end_line();
            continue;
        }
        switch (place_) {
        case Place::stream_start:
        case Place::line_start:
        case Place::name:
            used += read_name(bytes.substr(used));
            break;
        case Place::value_start:
            place_ = Place::value;
            used += next == ' ' ? 1U : 0U;
            break;
        case Place::value:
        case Place::skipped_value:
            used += read_value(bytes.substr(used));
            break;
        }
    }
    if (too_long_) {
        return Error{"GH-M402", "an event of the connector's stream is too long", "",
                     "it is longer than the limit of " + size_text(event_max_bytes_),
                     "ask for less, or raise limits.result in gatehouse.yaml"};
    }
    return used;
}

// `bytes` is not empty and starts with neither CR nor LF.
std::size_t SseReader::read_name(std::string_view bytes) {
    const std::size_t line_end = line_end_in(bytes);
    std::size_t used = 0;
    for (; used < line_end; ++used) {
        const char next = bytes[used];
        if (next == ':') {
            place_ = Place::value_start;
            break;
        }
        name_.push_back(next);
        if (place_ == Place::stream_start && byte_order_mark.starts_with(name_)) {
            if (name_.size() == byte_order_mark.size()) {
                name_.clear();
                place_ = Place::line_start;
            }
            continue;
        }
        if (name_.size() > longest_name_bytes + byte_order_mark.size()) {
            // No known field, so that the rest of the line is of no interest.
            place_ = Place::skipped_value;
            field_ = Field::unknown;
            return used + 1;
        }
        place_ = Place::name;
    }
    if (place_ == Place::value_start) {
        begin_value();
        ++used; // the colon
    }
    return used;
}

void SseReader::begin_value() {
    field_ = name_ == "data"    ? Field::data
             : name_ == "event" ? Field::event
             : name_ == "id"    ? Field::id
             : name_ == "retry" ? Field::retry
                                : Field::unknown;
    name_.clear();
    value_.clear();
    value_too_long_ = false;
    if (field_ == Field::unknown) {
        place_ = Place::skipped_value;
    } else if (field_ == Field::event) {
        event_.type.clear();
    } else if (field_ == Field::data && std::exchange(has_data_, true)) {
        keep("\n");
    }
}

std::size_t SseReader::read_value(std::string_view bytes) {
    const std::size_t line_end = line_end_in(bytes);
    if (place_ == Place::value) {
        keep(bytes.substr(0, line_end));
    }
    return line_end;
}

void SseReader::keep(std::string_view part) {
    if (field_ == Field::id || field_ == Field::retry) {
        value_too_long_ = value_too_long_ || value_.size() + part.size() > sse_id_max_bytes;
        if (!value_too_long_) {
            value_ += part;
        }
        return;
    }
    if (event_.type.size() + event_.data.size() + part.size() > event_max_bytes_) {
        too_long_ = true;
        return;
    }
    (field_ == Field::data ? event_.data : event_.type) += part;
}

void SseReader::end_line() {
    const Place place = std::exchange(place_, Place::line_start);
    if (place == Place::stream_start || place == Place::line_start) {
        if (name_.empty()) {
            end_event();
        }
        name_.clear(); // a torn byte order mark is a field nobody knows
        return;
    }
    if (place == Place::name) {
        begin_value(); // a line without a colon is a field with an empty value
        place_ = Place::line_start;
    }
    name_.clear();
    if (field_ == Field::id && value_.find('\0') == std::string::npos) {
        last_event_id_ = value_too_long_ ? "" : std::move(value_);
    } else if (field_ == Field::retry && !value_too_long_ && !value_.empty() &&
               std::all_of(value_.begin(), value_.end(),
                           [](char c) { return c >= '0' && c <= '9'; })) {
        long number = 0;
        const std::string_view digits = std::string_view(value_).substr(0, retry_max_digits);
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
        retry_ = std::chrono::milliseconds(number);
    }
    field_ = Field::unknown;
}

void SseReader::end_event() {
    if (std::exchange(has_data_, false)) {
        ready_ = true;
    } else {
        event_ = SseEvent();
    }
}

} // namespace gatehouse::runtime
