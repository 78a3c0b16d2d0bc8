#include "runtime/base/units.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;

TEST_CASE("a size is read with its unit and printed back in the shortest form") {
    CHECK(parse_size_bytes("512MiB").value() == 512ULL * 1024 * 1024);
    CHECK(parse_size_bytes("1500B").value() == 1500);
    CHECK(size_text(64 * 1024) == "64KiB");
    CHECK(size_text(1500) == "1500B");
}

TEST_CASE("a bare number, a fraction, a foreign unit and an overflow are refused as sizes") {
    for (const char* text : {"512", "1.5MiB", "12MB", "", "MiB", "-1B", "99999999999999999TiB"}) {
        INFO(text);
        REQUIRE_FALSE(parse_size_bytes(text).has_value());
        CHECK(parse_size_bytes(text).error().code == "GH-C503");
    }
}

TEST_CASE("a duration is read with its unit and printed back in the shortest form") {
    CHECK(parse_duration("15m").value() == std::chrono::minutes(15));
    CHECK(parse_duration("500ms").value() == std::chrono::milliseconds(500));
    CHECK_FALSE(parse_duration("15").has_value());
    CHECK(duration_text(std::chrono::seconds(90)) == "90s");
    CHECK(duration_text(std::chrono::minutes(2)) == "2m");
}
