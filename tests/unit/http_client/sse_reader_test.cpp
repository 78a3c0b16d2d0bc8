#include "runtime/http_client/sse_reader.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

struct Seen {
    std::vector<std::pair<std::string, std::string>> events; // type, data
    std::string id;
    std::optional<std::chrono::milliseconds> retry;
    std::string error;
    bool operator==(const Seen&) const = default;
};

Seen read_in_pieces(std::string_view stream, std::size_t piece, std::size_t limit = 1 << 20) {
    SseReader reader(limit);
    Seen seen;
    while (!stream.empty()) {
        std::string_view part = stream.substr(0, piece);
        stream.remove_prefix(part.size());
        while (!part.empty()) {
            const Result<std::size_t> used = reader.read(part);
            if (!used) {
                seen.error = used.error().code;
                return seen;
            }
            part.remove_prefix(*used);
            if (auto event = reader.take()) {
                seen.events.emplace_back(event->type, event->data);
            }
        }
    }
    seen.id = reader.last_event_id();
    seen.retry = reader.retry();
    return seen;
}

// Whole, byte by byte and in odd pieces: the answer must be the same.
Seen read(std::string_view stream, std::size_t limit = 1 << 20) {
    const Seen whole = read_in_pieces(stream, stream.size() + 1, limit);
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 16U, 17U}) {
        CHECK(read_in_pieces(stream, piece, limit) == whole);
    }
    return whole;
}

using Events = std::vector<std::pair<std::string, std::string>>;

} // namespace

TEST_CASE("an event ends at the blank line, whatever the line ends are") {
    const Events expected{{"", "one"}, {"", "two"}};
    CHECK(read("data: one\n\ndata: two\n\n").events == expected);
    CHECK(read("data: one\r\n\r\ndata: two\r\n\r\n").events == expected);
    CHECK(read("data: one\r\rdata: two\r\r").events == expected);
    CHECK(read("data: one\r\n\ndata: two\n\r\n").events == expected);
}

TEST_CASE("lines of data are joined by a newline, and one space after the colon is dropped") {
    CHECK(read("data: a\ndata:b\ndata:  c\ndata\n\n").events == Events{{"", "a\nb\n c\n"}});
}

TEST_CASE("an event without data is none, and one with empty data is one") {
    CHECK(read("event: ping\n\ndata: x\n\n").events == Events{{"", "x"}});
    CHECK(read("data:\n\n").events == Events{{"", ""}});
    CHECK(read("data\n\n").events == Events{{"", ""}});
    CHECK(read("\n\n\r\n").events.empty());
}

TEST_CASE("the type belongs to one event and the id stays") {
    const Seen seen = read("event: ready\nid: 7\ndata: a\n\ndata: b\n\n");
    CHECK(seen.events == Events{{"ready", "a"}, {"", "b"}});
    CHECK(seen.id == "7");
}

TEST_CASE("the id of an event without data counts, and one with a NUL does not") {
    CHECK(read("id: prime\n\n").id == "prime");
    CHECK(read("id: a\n\nid\n\n").id.empty());
    CHECK(read(std::string_view("id: a\nid: b\0c\n\n", 15)).id == "a");
    CHECK(read("id: " + std::string(sse_id_max_bytes + 1, 'x') + "\ndata: y\n\n").id.empty());
}

TEST_CASE("retry takes digits only") {
    CHECK(read("retry: 1500\n").retry == std::chrono::milliseconds(1500));
    CHECK(!read("retry: 15s\n").retry);
    CHECK(!read("retry: -1\n").retry);
    CHECK(!read("retry:\n").retry);
    CHECK(read("retry: 99999999999999999999\n").retry == std::chrono::milliseconds(999'999'999));
}

TEST_CASE("comments, unknown fields and a leading byte order mark are passed over") {
    CHECK(read("\xef\xbb\xbf: hello\ndata: x\n\n").events == Events{{"", "x"}});
    CHECK(read("\xef\xbb\xbf"
               "data: x\n\n")
              .events == Events{{"", "x"}});
    CHECK(read("\xef\xbb"
               "data: x\n\n")
              .events.empty());
    CHECK(read("data: x\n\xef\xbb\xbf"
               "data: y\n\n")
              .events == Events{{"", "x"}});
    CHECK(read("colour: red\ndatabase: x\nDATA: y\ndata: z\n\n").events == Events{{"", "z"}});
    CHECK(read(":" + std::string(100'000, 'k') + "\ndata: x\n\n", 16).events == Events{{"", "x"}});
}

TEST_CASE("an event at the end of the stream without its blank line is dropped") {
    CHECK(read("data: x\n").events.empty());
}

TEST_CASE("an event longer than the limit is an error, one as long as it is not") {
    CHECK(read("data: " + std::string(10, 'x') + "\n\n", 10).error.empty());
    CHECK(read("data: " + std::string(11, 'x') + "\n\n", 10).error == "GH-M402");
    CHECK(read("event: " + std::string(6, 'e') + "\ndata: 12345\n\n", 10).error == "GH-M402");
    CHECK(read("data: 12345\ndata: 12345\n\n", 10).error == "GH-M402");
}

TEST_CASE("the reader stops at a ready event and goes on where it stopped") {
    SseReader reader(100);
    const std::string_view stream = "data: a\n\ndata: b\n\n";
    const Result<std::size_t> used = reader.read(stream);
    REQUIRE(used.has_value());
    CHECK(*used == 9);
    CHECK(reader.read(stream.substr(9)).value() == 0);
    CHECK(reader.take()->data == "a");
    CHECK(!reader.take());
    CHECK(reader.read(stream.substr(9)).value() == 9);
    CHECK(reader.take()->data == "b");
}
