// One HTTP/1.1 message head as the benchmark needs it: where the body begins and how long it is.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::bench {

struct MessageHead {
    std::size_t head_bytes = 0; // up to and with the empty line
    std::size_t body_bytes = 0; // Content-Length; 0 if absent
    bool chunked = false;       // Transfer-Encoding: chunked; body_bytes is 0
    std::string_view first_line;
};

// Empty while the head is not complete.
std::optional<MessageHead> read_head(std::string_view text);

// What follows a head with `chunked`: the content, and how many bytes it takes on the wire.
struct ChunkedBody {
    std::string content;
    std::size_t wire_bytes = 0;
};
// Empty while the last chunk has not come; trailers are not understood.
std::optional<ChunkedBody> read_chunked(std::string_view text);

struct Span {
    std::size_t at = 0;
    std::size_t length = 0;
};
// Where the value of the first member of that name stands; `name` is written as in the text:
// "\"id\":".
std::optional<Span> find_value(std::string_view json, std::string_view name);
// Of "id": both ends of this benchmark write it near the front.
std::optional<Span> find_id(std::string_view json);

} // namespace gatehouse::bench
