#include "gateway/cli/terminal_text.hpp"
#include "gateway/cli/time_text.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

TEST_CASE(
    "control bytes, bidirectional overrides and broken UTF-8 are escaped, other text is not") {
    CHECK(escape_controls("plain\ttext ä €") == "plain\ttext ä €");
    CHECK(escape_controls("\033[2J\a\r") == "\\x1b[2J\\x07\\x0d");
    CHECK(escape_controls("a\x7f") == "a\\x7f");
    CHECK(escape_controls("\xc2\x9b"
                          "31m") == "\\xc2\\x9b31m");
    CHECK(escape_controls("\xe2\x80\xae"
                          "gpj") == "\\xe2\\x80\\xaegpj");
    CHECK(escape_controls("bad \xff\xc3 end") == "bad \\xff\\xc3 end");
    CHECK(escape_controls("cut \xe2\x82") == "cut \\xe2\\x82");
}

TEST_CASE("text is cut by characters, and the cut is marked") {
    CHECK(cut_to_width("short", 5) == "short");
    CHECK(cut_to_width("longer", 5) == "long…");
    CHECK(cut_to_width("äöüßé", 3) == "äö…");
    CHECK(cut_to_width("äöü", 3) == "äöü");
    CHECK(cut_to_width("anything", 0).empty());
    CHECK(display_width("äö…") == 3);
}

TEST_CASE("colour is never the only sign, and only there when asked for") {
    CHECK(tinted("healthy", Tint::good, true) == "\033[32mhealthy\033[0m");
    CHECK(tinted("healthy", Tint::good, false) == "healthy");
    CHECK(tinted("plain", Tint::none, true) == "plain");
    CHECK(tint_of_health("crash_loop") == Tint::bad);
    CHECK(tint_of_health("degraded") == Tint::warn);
    CHECK(tint_of_health("idle") == Tint::dim);
}

TEST_CASE("RFC 3339 times are read back as they were written") {
    const ManualClock clock;
    const WallTime now = clock.wall_now() + std::chrono::microseconds(123456);
    CHECK(parse_rfc3339(rfc3339_text(now)) == now);
    CHECK(parse_rfc3339("2026-11-25T08:00:00Z").has_value());
    CHECK_FALSE(parse_rfc3339("").has_value());
    CHECK_FALSE(parse_rfc3339("2026-13-25T08:00:00Z").has_value());
    CHECK_FALSE(parse_rfc3339("2026-11-25 08:00:00Z").has_value());
    CHECK_FALSE(parse_rfc3339("2026-11-25T08:00:00").has_value());
}

TEST_CASE("ages and waits are relative, and what is no time shows as a dash") {
    const ManualClock clock;
    const WallTime now = clock.wall_now();
    CHECK(age_of(rfc3339_text(now - std::chrono::hours(3)), now) == "3h");
    CHECK(age_of(rfc3339_text(now + std::chrono::hours(3)), now) == "0s");
    CHECK(age_of("", now) == "-");
    CHECK(time_until(rfc3339_text(now + std::chrono::seconds(32)), now) == "32s");
    CHECK(time_until(rfc3339_text(now - std::chrono::seconds(1)), now) == "now");
    CHECK(short_time("2026-11-25T08:00:00.123456Z") == "2026-11-25T08:00:00.123Z");
}
