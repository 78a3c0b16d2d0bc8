#include "runtime/session/framing.hpp"
#include "runtime/session/multiplexer.hpp"
#include "runtime/session/request_text.hpp"

#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace gatehouse::runtime;

namespace {

// Feeds `text` in pieces of at most `piece` bytes and gives the lines, oversize ones as
// "!length:tail".
std::vector<std::string> lines_of(Framer& framer, std::string_view text, std::size_t piece) {
    std::vector<std::string> lines;
    const auto note = [&](const Line& line) {
        lines.push_back(line.oversize ? "!" + std::to_string(line.length_bytes) + ":" +
                                            std::string(line.tail.substr(line.tail.size() - 3))
                                      : framer.take());
    };
    while (!text.empty()) {
        const auto room = framer.prepare();
        const std::size_t count = std::min({piece, room.size(), text.size()});
        std::memcpy(room.data(), text.data(), count);
        framer.commit(count);
        text.remove_prefix(count);
        while (const auto line = framer.next()) {
            note(*line);
        }
    }
    return lines;
}

using Lines = std::vector<std::string>;

} // namespace

TEST_CASE("lines come out the same however the bytes drip in") {
    const std::string text = "{\"a\":1}\n\n  \n{\"b\":2}\r\n\xef\xbb\xbf{\"c\":3}\n\r\n" +
                             std::string(200'000, 'x') + "\ntail\n";
    const Lines expected = {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}", std::string(200'000, 'x'),
                            "tail"};
    for (const std::size_t piece : {1UL, 2UL, 7UL, 4096UL, 65'536UL, 1UL << 20}) {
        Framer framer(1 << 20);
        CHECK(lines_of(framer, text, piece) == expected);
        CHECK_FALSE(framer.last());
    }
}

TEST_CASE("a line of exactly the limit passes and one byte more is oversize") {
    for (const std::size_t piece : {1UL, 1000UL, 1UL << 20}) {
        Framer framer(1000);
        const std::string text =
            std::string(1000, 'a') + "\r\n" + std::string(998, 'b') + "END\n" + "ok\n";
        CHECK(lines_of(framer, text, piece) == Lines{std::string(1000, 'a'), "!1001:END", "ok"});
    }
}

TEST_CASE("an endless line takes bounded memory and the next line is read") {
    Framer framer(100'000);
    const std::string block(1 << 20, 'z');
    for (int i = 0; i < 64; ++i) {
        CHECK(lines_of(framer, block, block.size()).empty());
        CHECK(framer.prepare().size() <= read_max_bytes);
    }
    CHECK(lines_of(framer, "END\nnext\n", 3) == Lines{"!67108867:END", "next"});
}

TEST_CASE("the head of an oversize line is kept") {
    Framer framer(50'000);
    const std::string text = "HEAD" + std::string(300'000, 'x') + "\n";
    const auto room = framer.prepare();
    std::memcpy(room.data(), text.data(), 60'000);
    framer.commit(60'000);
    CHECK_FALSE(framer.next());
    lines_of(framer, std::string_view(text).substr(60'000, 240'003), 50'000);
    const auto last_room = framer.prepare();
    last_room[0] = '\n';
    framer.commit(1);
    const auto line = framer.next();
    REQUIRE(line);
    CHECK(line->oversize);
    CHECK(line->text.size() == oversize_head_bytes);
    CHECK(line->text.starts_with("HEADxxx"));
}

TEST_CASE("what follows the last newline is given at the end of the stream") {
    Framer framer(1000);
    CHECK(lines_of(framer, "a\n{\"b\":1}", 100) == Lines{"a"});
    const auto line = framer.last();
    REQUIRE(line);
    CHECK(line->text == "{\"b\":1}");
    CHECK_FALSE(framer.last());
    Framer skipping(10);
    CHECK(lines_of(skipping, "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", 5).empty());
    CHECK(skipping.last()->oversize);
    CHECK_FALSE(skipping.last());
}

TEST_CASE("a large line is moved out: views into it stay valid") {
    Framer framer(16 << 20);
    const std::string text = std::string(3 << 20, 'm') + "\nrest of the stream";
    std::string_view left = text;
    while (!left.empty()) {
        const auto room = framer.prepare();
        const std::size_t count = std::min(room.size(), left.size());
        std::memcpy(room.data(), left.data(), count);
        framer.commit(count);
        left.remove_prefix(count);
        if (const auto line = framer.next()) {
            const char* const before = line->text.data();
            const std::string taken = framer.take();
            CHECK(taken.data() == before);
            CHECK(taken.size() == 3 << 20);
        }
    }
    CHECK(framer.last()->text == "rest of the stream");
}

TEST_CASE("random pieces of random lines come out whole") {
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        Lines expected;
        std::string text;
        for (int i = 0; i < 40; ++i) {
            const std::size_t length = random() % (i % 10 == 0 ? 300'000 : 200) + 1;
            expected.emplace_back(length, static_cast<char>('a' + random() % 26));
            text += expected.back() + "\n";
        }
        Framer framer(1 << 20);
        CHECK(lines_of(framer, text, random() % 100'000 + 1) == expected);
    }
}

TEST_CASE("an answer is matched once; unknown, late and duplicate ids match nothing") {
    Multiplexer<int> multiplexer;
    int first = 0;
    int second = 0;
    CHECK(multiplexer.add(first) == 1);
    CHECK(multiplexer.add(second) == 2);
    CHECK(multiplexer.find("2") == &second);
    CHECK(multiplexer.take_answered("2") == &second);
    CHECK(multiplexer.take_answered("2") == nullptr);
    CHECK(multiplexer.take_answered("99") == nullptr);
    CHECK(multiplexer.take_answered("\"1\"") == nullptr);
    multiplexer.forget(1);
    CHECK(multiplexer.take_answered("1") == nullptr);
    CHECK(multiplexer.size() == 0);
}

TEST_CASE("a progress token is spliced into params of any shape, which stay valid") {
    const auto line_for = [](std::string_view params) {
        std::string out;
        append_request(RequestText{5, "tools/call", params, true}, out);
        REQUIRE(out.back() == '\n');
        CHECK(validate_json(out));
        CHECK(find_pointer(out, "/params/_meta/progressToken") == "5");
        return out;
    };
    CHECK(line_for("") ==
          "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/call\",\"params\":{\"_meta\":"
          "{\"progressToken\":5}}}\n");
    line_for("{}");
    line_for(" { } ");
    CHECK(find_pointer(line_for(R"({"name":"x"})"), "/params/name") == "\"x\"");
    CHECK(find_pointer(line_for(R"({"name":"x","_meta":{"k":1}})"), "/params/_meta/k") == "1");
    line_for(R"({"_meta":{ },"name":"x"})");
    line_for(R"({"_meta":{"a":1,"progressToken":"client's"},"name":"x"})");
    line_for(R"({"_meta":null})");
}

TEST_CASE("line breaks between tokens never cut a message in two") {
    std::string out;
    append_request(RequestText{1, "m\n", "{\r\n  \"a\": \"x\\ny\"\n}", false}, out);
    CHECK(std::count(out.begin(), out.end(), '\n') == 1);
    CHECK(validate_json(out));
    CHECK(find_pointer(out, "/params/a") == R"("x\ny")");
}
