// What a legacy connector says of its own accord, and to whom it may go.
#include "tests/unit/session/talk_scene.hpp"

#include "runtime/session/attribution.hpp"

#include <catch2/catch.hpp>

using namespace session_test;

namespace {

const std::string log_note =
    R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}})";

SessionOptions single() {
    SessionOptions options;
    options.single_session = true;
    return options;
}

// Makes sure that all the connector wrote before its answer to this was read.
Task<void> settle(Stage& stage) {
    auto pinging = stage.session->ping(5s);
    const bool alive = co_await std::move(pinging);
    CHECK(alive);
}

bool is_ping(const std::string& line) {
    return line.find("\"ping\"") != std::string::npos;
}

} // namespace

TEST_CASE("whose a message is: one call for certain, one client's session, or nobody's") {
    CHECK(whose({1, false, false, false}) == Belongs::to_call);
    CHECK(whose({0, false, false, false}) == Belongs::to_nobody);
    CHECK(whose({2, false, false, false}) == Belongs::to_nobody);
    CHECK(whose({1, true, false, false}) == Belongs::to_nobody);
    CHECK(whose({1, false, true, false}) == Belongs::to_nobody);
    CHECK(whose({1, false, true, true}) == Belongs::to_call);
    CHECK(whose({0, false, false, true}) == Belongs::to_session);
    CHECK(whose({2, false, false, true}) == Belongs::to_session);
}

TEST_CASE("more abandoned calls than are remembered are never forgotten") {
    AbandonedCalls calls;
    CHECK_FALSE(calls.any());
    for (std::uint64_t id = 1; id <= 1024; ++id) {
        calls.add({id, {}, {}});
    }
    for (std::uint64_t id = 1; id <= 1024; ++id) {
        calls.answered(id);
    }
    CHECK_FALSE(calls.any());
    for (std::uint64_t id = 1; id <= 1025; ++id) {
        calls.add({id, {}, {}});
    }
    for (std::uint64_t id = 1; id <= 1025; ++id) {
        calls.answered(id);
    }
    CHECK(calls.any());
}

TEST_CASE("what is asked while one call is in flight reaches it, and its answer the connector") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto call = connector.read_line();
        connector.write_line(log_note);
        connector.write_line(question("\"q\\u0031\""));
        connector.write_line(question("7", "roots/list"));
        connector.read_line();
        connector.read_line();
        answer_empty(connector, *call);
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        s.spawn_call(hearing_call());
        auto asked = wait_for(s, [](const Stage&) { return heard.inputs.size() == 2; });
        co_await std::move(asked);
        heard.inputs[0]->answer("{\"action\":\n\"accept\"}");
        heard.inputs[0]->answer(R"({"action":"decline"})");
        heard.inputs[1]->refuse(R"({"code":-1,"message":"rejected"})");
        auto ended = wait_for(s, [](const Stage& st) { return st.replies.size() == 1; });
        co_await std::move(ended);
    }));
    CHECK(heard.inputs[0]->method == "elicitation/create");
    CHECK(heard.inputs[0]->params == R"({"message":"q"})");
    CHECK(heard.logs == std::vector<std::string>{R"({"level":"info","data":1})"});
    CHECK(stage.logs == heard.logs);
    CHECK(stage.replies[0].end == CallEnd::result);
    CHECK(stage.replies[0].era == Era::legacy);
    CHECK(answer_to(stage, "\"q\\u0031\"") ==
          R"({"jsonrpc":"2.0","id":"q\u0031","result":{"action": "accept"}})");
    CHECK(answer_to(stage, "7") ==
          R"({"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"rejected"}})");
    CHECK(stage.connector->received.size() == 3);
    CHECK(stage.input_seen == 1);
    CHECK(stage.session->counters().unattributed == 0);
}

TEST_CASE("what could be about any of two calls, or none, reaches nobody on a shared instance") {
    for (const int calls : {0, 2}) {
        heard = {};
        Stage stage;
        const auto script = [calls](FakeConnector& connector) {
            for (int i = 0; i < calls; ++i) {
                connector.read_line();
            }
            connector.write_line(log_note);
            connector.write_line(question("1"));
            while (const auto line = connector.read_line()) {
                if (is_ping(*line)) {
                    answer_empty(connector, *line);
                }
            }
        };
        static int wanted;
        wanted = calls;
        REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
            for (int i = 0; i < wanted; ++i) {
                s.spawn_call(hearing_call());
            }
            auto seen = wait_for(s, [](const Stage& st) { return st.input_seen == 1; });
            co_await std::move(seen);
            auto settling = settle(s);
            co_await std::move(settling);
        }));
        CHECK(heard.inputs.empty());
        CHECK(heard.logs.empty());
        CHECK(stage.logs.size() == 1);
        CHECK(stage.unsolicited.empty());
        CHECK(stage.notices.empty());
        CHECK(find_pointer(answer_to(stage, "1"), "/error/code") == "-32603");
        CHECK(stage.session->counters().unattributed == 2);
    }
}

TEST_CASE("after a call was given up nothing is attributed until its late answer came") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto first = connector.read_line();
        connector.read_line(); // notifications/cancelled
        const auto second = connector.read_line();
        connector.write_line(log_note);
        connector.write_line(question("1"));
        connector.read_line(); // its refusal
        answer_empty(connector, *first);
        connector.write_line(log_note);
        connector.write_line(question("2"));
        connector.read_line();
        answer_empty(connector, *second);
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto calling = s.session->call(hearing_call(20ms));
        const CallReply late = co_await std::move(calling);
        CHECK(late.end == CallEnd::timed_out);
        s.spawn_call(hearing_call());
        auto asked = wait_for(s, [](const Stage&) { return heard.inputs.size() == 1; });
        co_await std::move(asked);
        heard.inputs[0]->answer("{}");
        auto ended = wait_for(s, [](const Stage& st) { return st.replies.size() == 1; });
        co_await std::move(ended);
    }));
    CHECK(heard.logs.size() == 1);
    CHECK(find_member(answer_to(stage, "1"), "error"));
    CHECK(find_member(answer_to(stage, "2"), "result"));
    CHECK(stage.session->counters().unattributed == 2);
}

TEST_CASE("a subscription on its way for another client makes one call uncertain") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        const auto subscription = connector.read_line();
        connector.write_line(question("1", "roots/list"));
        connector.read_line();
        answer_empty(connector, *subscription);
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        s.spawn_call(hearing_call());
        auto sent =
            wait_for(s, [](const Stage& st) { return st.session->counters().in_flight == 1; });
        co_await std::move(sent);
        auto watching = s.session->watch_resource("a:1", 5s);
        const CallReply reply = co_await std::move(watching);
        CHECK(reply.end == CallEnd::result);
    }));
    CHECK(heard.inputs.empty());
    CHECK(find_member(answer_to(stage, "1"), "error"));
}

TEST_CASE("an instance of one session gives what belongs to no certain call to the session") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.write_line(log_note);
        connector.write_line(question("1"));
        connector.write_line(R"({"jsonrpc":"2.0","method":"notifications/vendor","params":{}})");
        connector.read_line(); // the answer
        connector.read_line();
        connector.read_line();
        connector.write_line(question("2"));
        connector.read_to_end();
    };
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            auto asked = wait_for(s, [](const Stage& st) { return st.notices.size() == 2; });
            co_await std::move(asked);
            s.unsolicited.at(0)->answer("{}");
            s.spawn_call(hearing_call());
            s.spawn_call(hearing_call());
            auto again = wait_for(s, [](const Stage& st) { return st.unsolicited.size() == 2; });
            co_await std::move(again);
        },
        single()));
    CHECK(heard.inputs.empty());
    CHECK(stage.notices[0] == R"(notifications/message {"level":"info","data":1})");
    CHECK(stage.notices[1] == "notifications/vendor {}");
    CHECK(find_member(answer_to(stage, "1"), "result"));
    CHECK(stage.session->counters().unattributed == 0);
    CHECK(stage.unsolicited[1]->settled()); // withdrawn with the session
}

TEST_CASE("a client that cannot be asked is answered for with -32601") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto call = connector.read_line();
        connector.write_line(question("1"));
        connector.read_line();
        answer_empty(connector, *call);
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto calling = s.session->call(new_call());
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
    }));
    CHECK(find_pointer(answer_to(stage, "1"), "/error/code") == "-32601");
    CHECK(stage.session->counters().unattributed == 0);
}

TEST_CASE("a question that the connector cancels, or whose call ends, is withdrawn") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto call = connector.read_line();
        connector.write_line(question("\"a\""));
        connector.write_line(question("\"b\""));
        connector.write_line(
            R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"\u0061"}})");
        answer_empty(connector, *call);
        connector.read_to_end();
    };
    static int withdrawn;
    withdrawn = 0;
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto call = hearing_call();
        call->on_input = [](std::shared_ptr<InputRequest> request) {
            request->set_withdrawn_handler([] { ++withdrawn; });
            heard.inputs.push_back(std::move(request));
        };
        auto calling = s.session->call(call);
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
        CHECK(withdrawn == 2);
        heard.inputs[0]->answer("{}");
        heard.inputs[1]->answer("{}");
        auto pinging = s.session->ping(20ms);
        co_await std::move(pinging);
    }));
    CHECK(answer_to(stage, "\"a\"").empty());
    CHECK(find_pointer(answer_to(stage, "\"b\""), "/error/code") == "-32603");
}

TEST_CASE("a call's deadline rests while its client is asked, and goes on afterwards") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.write_line(question("1"));
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        s.spawn_call(hearing_call(100ms));
        auto asked = wait_for(s, [](const Stage&) { return heard.inputs.size() == 1; });
        co_await std::move(asked);
        // Longer than the call's own time; nothing but the passing of time can show this.
        auto pinging = s.session->ping(250ms);
        co_await std::move(pinging);
        CHECK(s.replies.empty());
        heard.inputs[0]->answer("{}");
        auto ended = wait_for(s, [](const Stage& st) { return st.replies.size() == 1; });
        co_await std::move(ended);
    }));
    CHECK(stage.replies[0].end == CallEnd::timed_out);
    CHECK(stage.replies[0].failure.what.starts_with("no answer within"));
}

TEST_CASE("open questions are bounded in number and size, and their ids are not used twice") {
    heard = {};
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto call = connector.read_line();
        connector.write_line(R"({"jsonrpc":"2.0","id":500,"method":"roots/list","params":[]})");
        connector.write_line(R"({"jsonrpc":"2.0","id":501,"method":"roots/list","params":{"x":")" +
                             std::string(1 << 20, 'x') + "\"}}");
        for (int i = 0; i < 64; ++i) {
            connector.write_line(question(std::to_string(i)));
        }
        connector.write_line(question("63"));
        connector.write_line(question("64"));
        for (int i = 0; i < 4; ++i) {
            connector.read_line();
        }
        answer_empty(connector, *call);
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto calling = s.session->call(hearing_call());
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::result);
    }));
    CHECK(heard.inputs.size() == 64);
    const auto& lines = stage.connector->received;
    CHECK(find_pointer(lines.at(1), "/error/code") == "-32602");
    CHECK(find_pointer(lines.at(2), "/error/code") == "-32603");
    CHECK(find_pointer(lines.at(3), "/error/code") == "-32600");
    CHECK(find_pointer(lines.at(4), "/error/message") ==
          "\"too many questions to the client are open\"");
}

TEST_CASE("notifications outside of calls go where they belong") {
    Stage stage;
    const auto note = [](const std::string& method) {
        return R"({"jsonrpc":"2.0","method":"notifications/)" + method + R"(","params":{"a":1}})";
    };
    const auto script = [note](FakeConnector& connector) {
        for (const char* method : {"tools/list_changed", "prompts/list_changed",
                                   "resources/list_changed", "resources/updated", "tasks/status",
                                   "elicitation/complete", "vendor/secret", "initialized"}) {
            connector.write_line(note(method));
        }
        while (const auto line = connector.read_line()) {
            answer_empty(connector, *line);
        }
    };
    REQUIRE(stage.play(script, settle));
    CHECK(stage.changed_lists == std::vector<ListKind>{ListKind::tools, ListKind::prompts,
                                                       ListKind::resources,
                                                       ListKind::resource_templates});
    CHECK(stage.notices ==
          std::vector<std::string>{"notifications/resources/updated {\"a\":1}",
                                   "notifications/tasks/status {\"a\":1}",
                                   "notifications/elicitation/complete {\"a\":1}"});
}
