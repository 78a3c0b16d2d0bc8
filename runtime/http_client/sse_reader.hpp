// SseReader: reads a Server-Sent Events stream in whatever pieces it arrives (WHATWG HTML, section
// 9.2.6). Pure. The data of an event is gathered in one string, which is moved out; nothing else is
// kept of the stream, so the memory is bounded by event_max_bytes whatever the server sends.
#pragma once

#include "runtime/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::runtime {

// A longer id could not be sent back as a header; the stream then counts as not resumable.
constexpr std::size_t sse_id_max_bytes = 4096;

struct SseEvent {
    std::string type; // of `event:`; empty means "message"
    std::string data; // the lines of `data:` joined by a newline
};

class SseReader {
  public:
    // event_max_bytes bounds the type and the data of one event together. last_event_id: of the
    // stream that this one continues.
    explicit SseReader(std::size_t event_max_bytes, std::string last_event_id = "");

    // Reads on through `bytes` until an event is complete or they are used up, and returns how many
    // were used. With an event ready it uses none. Error GH-M402 for an event that is too long;
    // the reader is then good for nothing.
    Result<std::size_t> read(std::string_view bytes);
    // The event that is ready, moved out.
    std::optional<SseEvent> take();

    // The last `id:` of the stream so far, also of events without data; empty if none.
    const std::string& last_event_id() const { return last_event_id_; }
    // The last `retry:`; a reconnecting client waits this long.
    std::optional<std::chrono::milliseconds> retry() const { return retry_; }

  private:
    enum class Place { stream_start, line_start, name, value_start, value, skipped_value };
    enum class Field { unknown, event, data, id, retry };

    std::size_t read_name(std::string_view bytes);
    std::size_t read_value(std::string_view bytes);
    void begin_value();
    void end_line();
    void end_event();
    void keep(std::string_view part);

    std::size_t event_max_bytes_;
    Place place_ = Place::stream_start;
    Field field_ = Field::unknown;
    bool line_feed_belongs_to_end_ = false; // the last line ended by CR; a LF now ends no line
    bool has_data_ = false;
    bool ready_ = false;
    bool too_long_ = false;
    std::string name_;  // of the field being read; bounded
    std::string value_; // of `id` and `retry` only; bounded
    bool value_too_long_ = false;
    SseEvent event_;
    std::string last_event_id_;
    std::optional<std::chrono::milliseconds> retry_;
};

} // namespace gatehouse::runtime
