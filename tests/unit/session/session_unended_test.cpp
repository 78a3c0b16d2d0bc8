// A line that is too long and does not end: while it may still end the session goes on, and after
// that no answer can come through any more.
#include "tests/unit/session/session_stage.hpp"

#include <catch2/catch.hpp>

using namespace session_test;

namespace {

SessionOptions small_frames(std::chrono::milliseconds patience) {
    SessionOptions options;
    options.frame_max_bytes = 64 << 10;
    options.unended_line_patience = patience;
    return options;
}

Task<void> call_until_the_end(Stage& s) {
    s.spawn_call(new_call());
    auto waiting = Stage::until(s, [&s] { return s.end_reason.has_value(); });
    co_await std::move(waiting);
}

void check_ended_for_it(const Stage& stage) {
    REQUIRE(stage.end_reason.has_value());
    CHECK(stage.end_reason->code == "GH-M402");
    REQUIRE(stage.replies.size() == 1);
    CHECK(stage.replies[0].end == CallEnd::may_have_run);
    CHECK(stage.replies[0].failure.code == "GH-M402");
}

} // namespace

TEST_CASE("a line that goes on without an end ends the session with GH-M402") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.write(std::string(2 << 20, 'x'));
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, call_until_the_end, small_frames(30s)));
    check_ended_for_it(stage);
}

TEST_CASE("a long line that stops without an end ends the session once its end is overdue") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.write(std::string(256 << 10, 'x'));
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, call_until_the_end, small_frames(50ms)));
    check_ended_for_it(stage);
}

TEST_CASE("a long line that ends in time costs nothing but itself, again and again") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        for (int i = 0; i < 40; ++i) {
            connector.write(std::string(256 << 10, 'x'));
            std::this_thread::sleep_for(5ms);
            connector.write("\n");
        }
        connector.write_line(result_line(id_in(*line), "{}"));
        connector.read_to_end();
    };
    const auto body = [](Stage& s) -> Task<void> {
        auto calling = s.session->call(new_call());
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
    };
    REQUIRE(stage.play(script, body, small_frames(100ms)));
    CHECK(stage.session->counters().stray_lines == 40);
}

TEST_CASE("a line without an end in the handshake is told as such") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.write(std::string(2 << 20, 'x'));
        connector.read_to_end();
    };
    const auto body = [](Stage& s) -> Task<void> {
        auto shaking = s.session->handshake(5s);
        const auto seen = co_await std::move(shaking);
        REQUIRE_FALSE(seen.has_value());
        CHECK(seen.error().code == "GH-M402");
        CHECK(seen.error().what.find("without an end") != std::string::npos);
    };
    REQUIRE(stage.play(script, body, small_frames(30s)));
}
