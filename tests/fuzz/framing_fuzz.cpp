// The first two bytes choose the limit and the size of the reads; the rest is the stream. The lines
// must be those of a splitter that has the whole stream before it.
#include "runtime/base/assert.hpp"
#include "runtime/session/framing.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

using namespace gatehouse::runtime;

namespace {

struct PlainLine {
    bool oversize;
    std::string text; // empty if oversize
    bool operator==(const PlainLine&) const = default;
};

std::vector<PlainLine> plain_lines(std::string_view stream, std::size_t limit) {
    std::vector<PlainLine> lines;
    while (!stream.empty()) {
        const std::size_t newline = std::min(stream.find('\n'), stream.size());
        std::string_view line = stream.substr(0, newline);
        stream.remove_prefix(std::min(newline + 1, stream.size()));
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line.starts_with("\xef\xbb\xbf")) {
            line.remove_prefix(3);
        }
        if (line.size() > limit) {
            lines.push_back({true, ""});
        } else if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
            lines.push_back({false, std::string(line)});
        }
    }
    return lines;
}

std::vector<PlainLine> framed_lines(std::string_view stream, std::size_t limit, std::size_t piece) {
    std::vector<PlainLine> lines;
    Framer framer(limit);
    const auto note = [&](const Line& line) {
        GH_ASSERT(!line.oversize || line.text.size() <= oversize_head_bytes);
        lines.push_back({line.oversize, line.oversize ? "" : framer.take()});
    };
    while (!stream.empty()) {
        const auto room = framer.prepare();
        GH_ASSERT(room.size() >= read_min_bytes);
        const std::size_t count = std::min({room.size(), piece, stream.size()});
        std::memcpy(room.data(), stream.data(), count);
        framer.commit(count);
        stream.remove_prefix(count);
        while (const auto line = framer.next()) {
            note(*line);
        }
    }
    if (const auto line = framer.last()) {
        note(*line);
    }
    GH_ASSERT(!framer.last());
    return lines;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t limit = 1 + data[0] * 16UL;
    const std::size_t piece = 1 + data[1] * 8UL;
    const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
    GH_ASSERT(framed_lines(stream, limit, piece) == plain_lines(stream, limit));
    return 0;
}
