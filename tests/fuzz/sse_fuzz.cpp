// The first two bytes choose the limit and the size of the pieces; the rest is the stream. The
// events must be those of a reader that has the whole stream before it and follows the standard's
// text.
#include "runtime/base/assert.hpp"
#include "runtime/http_client/sse_reader.hpp"

#include <cstdint>
#include <string>
#include <vector>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

struct Seen {
    std::vector<std::pair<std::string, std::string>> events;
    std::string id;
    bool too_long = false;
};

std::vector<std::string_view> plain_lines(std::string_view stream) {
    std::vector<std::string_view> lines;
    for (;;) {
        const std::size_t end = stream.find_first_of("\r\n");
        if (end == std::string_view::npos) {
            return lines; // an unfinished line never counts
        }
        lines.push_back(stream.substr(0, end));
        stream.remove_prefix(end + (stream.substr(end).starts_with("\r\n") ? 2 : 1));
    }
}

Seen plain_read(std::string_view stream) {
    Seen seen;
    if (stream.starts_with("\xef\xbb\xbf")) {
        stream.remove_prefix(3);
    }
    std::string type;
    std::string data;
    for (const std::string_view line : plain_lines(stream)) {
        const std::size_t colon = line.find(':');
        const std::string_view name = line.substr(0, colon);
        std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
        value.remove_prefix(value.starts_with(' ') ? 1 : 0);
        if (line.empty()) {
            if (!data.empty()) {
                data.pop_back();
                seen.events.emplace_back(type, data);
            }
            type.clear();
            data.clear();
        } else if (name == "event") {
            type = value;
        } else if (name == "data") {
            data.append(value).push_back('\n');
        } else if (name == "id" && value.find('\0') == std::string_view::npos) {
            seen.id = value.size() > sse_id_max_bytes ? "" : value;
        }
    }
    return seen;
}

Seen read_in_pieces(std::string_view stream, std::size_t limit, std::size_t piece) {
    SseReader reader(limit);
    Seen seen;
    while (!stream.empty()) {
        std::string_view part = stream.substr(0, piece);
        stream.remove_prefix(part.size());
        while (!part.empty()) {
            const Result<std::size_t> used = reader.read(part);
            if (!used) {
                seen.too_long = true;
                return seen;
            }
            GH_ASSERT(*used > 0 && *used <= part.size());
            part.remove_prefix(*used);
            if (auto event = reader.take()) {
                GH_ASSERT(event->type.size() + event->data.size() <= limit);
                seen.events.emplace_back(event->type, event->data);
            }
        }
    }
    seen.id = reader.last_event_id();
    return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t limit = 1 + data[0] * 256UL;
    const std::size_t piece = 1 + data[1];
    const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
    const Seen plain = plain_read(stream);
    const Seen pieces = read_in_pieces(stream, limit, piece);
    GH_ASSERT(pieces.events.size() <= plain.events.size());
    if (!pieces.too_long) {
        GH_ASSERT(pieces.events == plain.events);
        GH_ASSERT(pieces.id == plain.id);
    }
    return 0;
}
