#include "runtime/logs/line_splitter.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

struct Piece {
    std::string text;
    bool continued = false;
    bool operator==(const Piece&) const = default;
};

void take(std::vector<LogLine>& lines, std::vector<Piece>& pieces) {
    for (const LogLine& line : lines) {
        pieces.push_back({std::string(line.text), line.continued});
    }
    lines.clear();
}

std::vector<Piece> feed(LineSplitter& splitter, std::string_view bytes) {
    std::vector<LogLine> lines;
    std::vector<Piece> pieces;
    splitter.feed(bytes, lines);
    take(lines, pieces);
    return pieces;
}

std::vector<Piece> flush(LineSplitter& splitter) {
    std::vector<LogLine> lines;
    std::vector<Piece> pieces;
    splitter.flush(lines);
    take(lines, pieces);
    return pieces;
}

} // namespace

TEST_CASE("lines are split at newlines and at 16 KiB, without empty pieces in between") {
    LineSplitter splitter;
    CHECK(feed(splitter, "one\ntw") == std::vector<Piece>{{"one"}});
    CHECK(splitter.has_partial());
    CHECK(feed(splitter, "o\n\n") == std::vector<Piece>{{"two"}, {""}});
    CHECK_FALSE(splitter.has_partial());
    const std::string full(log_line_max_bytes, 'a');
    CHECK(feed(splitter, full + "\nb\n") == std::vector<Piece>{{full}, {"b"}});
    CHECK(feed(splitter, full + "c\nd\n") == std::vector<Piece>{{full}, {"c", true}, {"d"}});
    CHECK(feed(splitter, full) == std::vector<Piece>{});
    CHECK(feed(splitter, "\n") == std::vector<Piece>{{full}});
}

TEST_CASE(
    "what comes after a flushed partial line is its continuation, and its bare end is nothing") {
    LineSplitter splitter;
    CHECK(feed(splitter, "loading").empty());
    CHECK(flush(splitter) == std::vector<Piece>{{"loading"}});
    CHECK_FALSE(splitter.has_partial());
    CHECK(flush(splitter).empty());
    CHECK(feed(splitter, "... done\nnext\n") == std::vector<Piece>{{"... done", true}, {"next"}});
    CHECK(feed(splitter, "prompt> ").empty());
    CHECK(flush(splitter) == std::vector<Piece>{{"prompt> "}});
    CHECK(feed(splitter, "\nnext\n") == std::vector<Piece>{{"next"}});
}

TEST_CASE("any stream in any pieces gives the same text, and no piece is too long") {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::string stream;
        while (stream.size() < 100'000) {
            const std::size_t length = random() % 3 == 0 ? random() % 60'000 : random() % 80;
            stream.append(length, static_cast<char>('a' + random() % 26)).push_back('\n');
        }
        LineSplitter splitter;
        std::string joined;
        bool first = true;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t size = 1 + random() % 20'000;
            for (const Piece& piece : feed(splitter, std::string_view(stream).substr(at, size))) {
                REQUIRE(piece.text.size() <= log_line_max_bytes);
                joined += piece.continued || first ? "" : "\n";
                first = false;
                joined += piece.text;
            }
            at += size;
        }
        REQUIRE_FALSE(splitter.has_partial());
        joined.push_back('\n');
        const bool same = joined == stream;
        REQUIRE(same);
    }
}

TEST_CASE("what may be the beginning of a secret waits for what follows") {
    const auto held = [](std::string_view text) -> std::size_t {
        return text.ends_with("se") ? 2 : 0;
    };
    LineSplitter splitter(held);
    CHECK(feed(splitter, "token se").empty());
    CHECK(flush(splitter) == std::vector<Piece>{{"token "}});
    CHECK(splitter.has_partial());
    CHECK(feed(splitter, "cret\n") == std::vector<Piece>{{"secret", true}});
    const std::string wide = std::string(log_line_max_bytes - 2, 'x') + "se";
    CHECK(feed(splitter, wide + "cret\n") ==
          std::vector<Piece>{{wide.substr(0, wide.size() - 2)}, {"secret", true}});
    std::vector<LogLine> lines;
    std::vector<Piece> pieces;
    CHECK(feed(splitter, "se").empty());
    splitter.finish(lines);
    take(lines, pieces);
    CHECK(pieces == std::vector<Piece>{{"se"}});
}

TEST_CASE("skipped lines and bytes are counted exactly, and no line begins in its middle") {
    LineSplitter splitter;
    CHECK(feed(splitter, "kept\nhalf").size() == 1);
    splitter.skip(" of a line\nsecond\nthi");
    CHECK(feed(splitter, "rd\nwhole\n") == std::vector<Piece>{{"whole"}});
    const SkippedLines skipped = splitter.take_skipped();
    CHECK(skipped.lines == 3);
    CHECK(skipped.bytes == std::string("half of a line\nsecond\nthird\n").size());
    CHECK(splitter.take_skipped().bytes == 0);
    splitter.skip("open end");
    std::vector<LogLine> lines;
    splitter.finish(lines);
    CHECK(lines.empty());
    CHECK(splitter.take_skipped().lines == 1);
}
