#include "tests/bench/http_message.hpp"

#include <algorithm>
#include <charconv>
#include <strings.h>

namespace gatehouse::bench {
namespace {

constexpr std::string_view length_name = "content-length:";

std::size_t content_length(std::string_view line) {
    line.remove_prefix(length_name.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    std::size_t value = 0;
    std::from_chars(line.data(), line.data() + line.size(), value);
    return value;
}

bool is_content_length(std::string_view line) {
    return line.size() > length_name.size() &&
           ::strncasecmp(line.data(), length_name.data(), length_name.size()) == 0;
}

bool is_chunked(std::string_view line) {
    constexpr std::string_view name = "transfer-encoding:";
    return line.size() > name.size() && ::strncasecmp(line.data(), name.data(), name.size()) == 0 &&
           line.ends_with("chunked");
}

} // namespace

std::optional<MessageHead> read_head(std::string_view text) {
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    MessageHead head;
    head.head_bytes = end + 4;
    head.first_line = text.substr(0, text.find("\r\n"));
    for (std::size_t at = head.first_line.size() + 2; at < end;) {
        const std::size_t line_end = text.find("\r\n", at);
        const std::string_view line = text.substr(at, line_end - at);
        if (is_content_length(line)) {
            head.body_bytes = content_length(line);
        }
        head.chunked = head.chunked || is_chunked(line);
        at = line_end + 2;
    }
    return head;
}

std::optional<ChunkedBody> read_chunked(std::string_view text) {
    ChunkedBody body;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t line_end = text.find("\r\n", at);
        if (line_end == std::string_view::npos) {
            return std::nullopt;
        }
        std::size_t size = 0;
        std::from_chars(text.data() + at, text.data() + line_end, size, 16);
        at = line_end + 2;
        if (at + size + 2 > text.size()) {
            return std::nullopt;
        }
        body.content.append(text.substr(at, size));
        at += size + 2;
        if (size == 0) {
            body.wire_bytes = at;
            return body;
        }
    }
    return std::nullopt;
}

std::optional<Span> find_value(std::string_view json, std::string_view name) {
    const std::size_t name_at = json.find(name);
    if (name_at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t at = json.find_first_not_of(' ', name_at + name.size());
    const std::size_t end = json.find_first_of(",}", at);
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    return Span{at, end - at};
}

std::optional<Span> find_id(std::string_view json) {
    return find_value(json, "\"id\":");
}

} // namespace gatehouse::bench
