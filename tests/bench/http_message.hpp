// One HTTP/1.1 message head as the benchmark needs it: where the body begins and how long it is.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace gatehouse::bench {

struct MessageHead {
    std::size_t head_bytes = 0; // up to and with the empty line
    std::size_t body_bytes = 0; // Content-Length; 0 if absent
    std::string_view first_line;
};

// Empty while the head is not complete. Chunked bodies are not understood.
std::optional<MessageHead> read_head(std::string_view text);

// Where the value of the first "id" member stands: both ends of this benchmark write it near the
// front.
struct Span {
    std::size_t at = 0;
    std::size_t length = 0;
};
std::optional<Span> find_id(std::string_view json);

} // namespace gatehouse::bench
