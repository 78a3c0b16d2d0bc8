// The text around a body: status line and fields, and chunk sizes. Pure.
#pragma once

#include "gateway/http/server.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

struct ReplyHead {
    int status = 200;
    std::string_view content_type; // empty: no such field
    const std::vector<std::pair<std::string, std::string>>* headers = nullptr;
    std::string_view date; // IMF-fixdate
    enum class Framing { length, chunked, until_close, none } framing = Framing::length;
    std::size_t length_bytes = 0; // Framing::length
    bool keep_alive = true;
    bool http11 = true;
};

// Fields with a name that is no token are left out and line breaks in values become spaces, so that
// no value of a handler can begin a field or an answer of its own.
std::string reply_head_text(const ReplyHead& head);
// "1a2b\r\n"
std::string chunk_head_text(std::size_t bytes);
// "Wed, 25 Nov 2026 09:00:00 GMT"
std::string http_date_text(std::chrono::system_clock::time_point time);

} // namespace gatehouse::gateway
