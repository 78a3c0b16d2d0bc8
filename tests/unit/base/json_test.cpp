#include "runtime/base/json.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;

TEST_CASE("a duplicate key is refused at any depth and named") {
    const auto parsed = parse_json(R"({"a":{"b":1,"b":2}})");
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().why == "duplicate key 'b'");
    CHECK(parse_json(R"({"a":{"b":1},"b":2})").has_value());
}

TEST_CASE("a text of 100,000 open brackets is refused by its depth and does not crash") {
    const auto parsed = parse_json(std::string(100'000, '['));
    REQUIRE_FALSE(parsed.has_value());
    CHECK(parsed.error().why == "nested deeper than 64 levels");
}

TEST_CASE("invalid UTF-8 is refused on the way in and replaced on the way out") {
    CHECK_FALSE(parse_json("\"\xff\"").has_value());
    CHECK_FALSE(parse_json(std::string_view("{}\0x", 4)).has_value());
    CHECK(json_quote("a\xff") == "\"a\xEF\xBF\xBD\"");
}
