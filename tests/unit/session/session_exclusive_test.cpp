// Calls that may be asked something run alone, and wait for the late answer of an abandoned one.
#include "tests/unit/session/talk_scene.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace session_test;

namespace {

// Whether the connector was told to stop the first request it got.
bool first_is_told_to_stop(const Stage& stage) {
    const auto& lines = stage.connector->received;
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return find_member(line, "method") == "\"notifications/cancelled\"" &&
               find_pointer(line, "/params/requestId") == id_in(lines[0]);
    });
}

} // namespace

TEST_CASE("a call that is cancelled with an open question has its question refused, and is given "
          "time to end") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.write_line(question("1"));
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto call = hearing_call();
        call->on_input = [weak = std::weak_ptr(call)](std::shared_ptr<InputRequest> request) {
            // The handler may end the call it was called through.
            heard.inputs.push_back(std::move(request));
            weak.lock()->cancel("enough");
        };
        auto calling = s.session->call(call);
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::cancelled);
        CHECK(heard.inputs.at(0)->settled());
        auto pinging = s.session->ping(20ms);
        co_await std::move(pinging);
    }));
    // Its question is refused; being told to stop as well, it need not answer the call any more.
    REQUIRE(stage.connector->received.size() >= 2);
    CHECK(find_member(stage.connector->received[1], "error"));
    CHECK_FALSE(first_is_told_to_stop(stage));
}

TEST_CASE("a connector that goes on after its question was refused is told to stop") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.write_line(question("1"));
        connector.read_to_end();
    };
    SessionOptions options;
    options.late_answer_patience = 30ms;
    const auto body = [](Stage& s) -> Task<void> {
        auto call = hearing_call();
        s.spawn_call(call);
        auto asked = wait_for(s, [](const Stage&) { return heard.inputs.size() == 1; });
        co_await std::move(asked);
        call->cancel("enough");
        // It is sent after the patience for the call before it, and never answered.
        auto exclusive = hearing_call(500ms);
        exclusive->exclusive = true;
        auto calling = s.session->call(exclusive);
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::timed_out);
    };
    REQUIRE(stage.play(script, body, options));
    const auto& lines = stage.connector->received;
    REQUIRE(lines.size() >= 4);
    CHECK(find_member(lines[1], "error"));
    CHECK(find_pointer(lines[2], "/method") == "\"notifications/cancelled\"");
    CHECK(find_pointer(lines[2], "/params/reason") == "\"enough\"");
    CHECK(first_is_told_to_stop(stage));
    CHECK(find_pointer(lines[3], "/method") == "\"tools/call\"");
}

TEST_CASE("an exclusive call waits for the late answer of an abandoned one, and is asked then") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto first = connector.read_line();
        connector.write_line(question("1"));
        connector.read_line(); // the question's refusal
        connector.write_line(R"({"jsonrpc":"2.0","id":"p","method":"ping"})");
        connector.read_line(); // the pong: the second call was not sent before it
        answer_empty(connector, *first);
        const auto second = connector.read_line();
        connector.write_line(question("2"));
        connector.read_line();
        answer_empty(connector, *second);
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto abandoned = hearing_call();
        s.spawn_call(abandoned);
        auto asked = wait_for(s, [](const Stage&) { return heard.inputs.size() == 1; });
        co_await std::move(asked);
        abandoned->cancel("the client has gone");
        auto exclusive = hearing_call();
        exclusive->exclusive = true;
        s.spawn_call(exclusive);
        auto asked_again = wait_for(s, [](const Stage&) { return heard.inputs.size() == 2; });
        co_await std::move(asked_again);
        heard.inputs[1]->answer("{}");
        auto ended = wait_for(s, [](const Stage& st) { return st.replies.size() == 2; });
        co_await std::move(ended);
        CHECK(s.replies[1].end == CallEnd::result);
    }));
    const auto& lines = stage.connector->received;
    CHECK(find_member(lines.at(1), "error"));
    CHECK(find_member(lines.at(2), "result"));
    CHECK(find_pointer(lines.at(3), "/method") == "\"tools/call\"");
    CHECK(find_member(answer_to(stage, "2"), "result"));
    CHECK_FALSE(first_is_told_to_stop(stage));
}

TEST_CASE("a call that waits behind a question to another client is told so at its deadline") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.write_line(question("1"));
        connector.read_to_end();
    };
    SessionOptions options;
    options.concurrency = GENERATE(1, 16);
    const auto body = [](Stage& s) -> Task<void> {
        auto first = hearing_call();
        first->exclusive = true;
        s.spawn_call(first);
        auto asked = wait_for(s, [](const Stage&) { return heard.inputs.size() == 1; });
        co_await std::move(asked);
        auto calling = s.session->call(hearing_call(20ms));
        CallReply second = co_await std::move(calling);
        s.replies.push_back(std::move(second));
    };
    REQUIRE(stage.play(script, body, options));
    const CallReply& told = stage.replies.at(0);
    CHECK(told.end == CallEnd::never_sent);
    CHECK(told.failure.code == "GH-R701");
    CHECK_THAT(told.failure.why, Catch::Contains("one before it waits until its client answers"));
    const bool alone = options.concurrency > 1;
    CHECK_THAT(told.failure.action,
               Catch::Contains(alone ? "run.instances.scope" : "run.concurrency"));
}

TEST_CASE("an exclusive call runs alone, and those behind it do not overtake it") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto first = connector.read_line();
        const auto second = connector.read_line();
        // Had the exclusive call been sent with these, it would come before this pong; the same
        // below for those behind it.
        connector.write_line(R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
        connector.read_line();
        answer_empty(connector, *first);
        answer_empty(connector, *second);
        const auto alone = connector.read_line();
        connector.write_line(R"({"jsonrpc":"2.0","id":2,"method":"ping"})");
        connector.read_line();
        answer_empty(connector, *alone);
        for (int i = 0; i < 2; ++i) {
            answer_empty(connector, *connector.read_line());
        }
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        s.spawn_call(new_call(R"({"n":1})"));
        s.spawn_call(new_call(R"({"n":2})"));
        auto exclusive = new_call(R"({"n":3})");
        exclusive->exclusive = true;
        s.spawn_call(exclusive);
        s.spawn_call(new_call(R"({"n":4})"));
        s.spawn_call(new_call(R"({"n":5})"));
        auto ended = wait_for(s, [](const Stage& st) { return st.replies.size() == 5; });
        co_await std::move(ended);
    }));
    const auto& lines = stage.connector->received;
    REQUIRE(lines.size() == 7);
    CHECK(find_member(lines[2], "result"));
    CHECK(find_pointer(lines[3], "/params/n") == "3");
    CHECK(find_member(lines[4], "result"));
    CHECK(find_pointer(lines[5], "/params/n") == "4");
}

TEST_CASE("an exclusive call that is given up lets the next ones go") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        while (const auto line = connector.read_line()) {
            if (find_pointer(*line, "/params/n") == "2") {
                answer_empty(connector, *line);
            }
        }
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto exclusive = new_call(R"({"n":1})", 30ms);
        exclusive->exclusive = true;
        s.spawn_call(exclusive);
        s.spawn_call(new_call(R"({"n":2})"));
        auto ended = wait_for(s, [](const Stage& st) { return st.replies.size() == 2; });
        co_await std::move(ended);
    }));
    CHECK(stage.replies[0].end == CallEnd::timed_out);
    CHECK(stage.replies[1].end == CallEnd::result);
}
