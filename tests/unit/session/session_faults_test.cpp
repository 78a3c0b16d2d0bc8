#include "tests/unit/session/session_stage.hpp"

#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>

using namespace session_test;

namespace {

Task<void> one_call_gets_result(Stage& stage) {
    auto calling = stage.session->call(new_call());
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
}

// Reads one request, writes `noise`, then the answer.
Stage::Script noise_before_answer(std::string noise) {
    return [noise = std::move(noise)](FakeConnector& connector) {
        const auto line = connector.read_line();
        connector.write(noise);
        connector.write_line(result_line(id_in(*line), "{}"));
        connector.read_to_end();
    };
}

std::size_t count_ends(const Stage& stage, CallEnd end) {
    return static_cast<std::size_t>(
        std::count_if(stage.replies.begin(), stage.replies.end(),
                      [end](const CallReply& reply) { return reply.end == end; }));
}

} // namespace

TEST_CASE("noise on stdout is handed over and counted, and the answer behind it arrives") {
    std::string deep(100'000, '[');
    for (const std::string& noise :
         {std::string("Server started on port 3000"), std::string("\x1b[31mred\x1b[0m"),
          std::string("[]"), std::string("{\"jsonrpc\":\"2.0\""), std::string("\xff\xfe bad"),
          std::string("a\0b", 3), deep, std::string("42"), std::string(200'000, 'n')}) {
        Stage stage;
        REQUIRE(stage.play(noise_before_answer(noise + "\n"), one_call_gets_result));
        REQUIRE(stage.strays.size() == 1);
        CHECK((stage.strays[0] == noise.substr(0, 16 << 10)));
        CHECK(stage.session->counters().stray_lines == 1);
    }
}

TEST_CASE("byte order mark, CRLF and blank lines are no noise") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        connector.write("\r\n\n\xef\xbb\xbf" + result_line(id_in(*line), "{}") + "\r\n");
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, one_call_gets_result));
    CHECK(stage.strays.empty());
}

TEST_CASE("an answer that drips byte by byte arrives") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        for (const char byte : result_line(id_in(*line), "{\"a\":\"é\"}") + "\n") {
            connector.write(std::string_view(&byte, 1));
        }
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, one_call_gets_result));
}

TEST_CASE("unknown, duplicate and foreign ids are counted and dropped") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        for (const char* id : {"77", "\"1\"", "-1", "1.0"}) {
            connector.write_line(result_line(id, "{\"wrong\":true}"));
        }
        connector.write_line(result_line(id_in(*line), "{}"));
        connector.write_line(result_line(id_in(*line), "{\"again\":true}"));
        connector.read_line(); // the second call
        connector.write_line(result_line("2", "{}"));
        connector.read_to_end();
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        for (int i = 0; i < 2; ++i) {
            auto calling = s.session->call(new_call());
            const CallReply reply = co_await std::move(calling);
            CHECK(reply.body() == "{}");
        }
    }));
    CHECK(stage.session->counters().unknown_ids == 4);
    CHECK(stage.session->counters().stray_lines == 1); // 1.0 is no id at all
}

TEST_CASE(
    "a call without an answer times out, tells the connector, and its late answer is dropped") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto first = connector.read_line();
        connector.read_line(); // notifications/cancelled
        connector.write_line(result_line(id_in(*first), "{\"late\":true}"));
        const auto second = connector.read_line();
        connector.write_line(result_line(id_in(*second), "{}"));
        connector.read_to_end();
    };
    SessionOptions options;
    options.concurrency = 1;
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            auto first = s.session->call(new_call("{}", 30ms));
            const CallReply late = co_await std::move(first);
            CHECK(late.end == CallEnd::timed_out);
            CHECK(late.failure.code == "GH-P307");
            CHECK(late.failure.what.find("may have run") != std::string::npos);
            auto second = s.session->call(new_call());
            const CallReply reply = co_await std::move(second);
            CHECK(reply.body() == "{}");
        },
        options));
    CHECK(find_pointer(stage.connector->received[1], "/method") == "\"notifications/cancelled\"");
    CHECK(find_pointer(stage.connector->received[1], "/params/requestId") == "1");
    CHECK(stage.session->counters().unknown_ids == 1);
}

TEST_CASE("a cancelled call ends at once and the connector is told") {
    Stage stage;
    REQUIRE(stage.play([](FakeConnector& connector) { connector.read_to_end(); },
                       [](Stage& s) -> Task<void> {
                           auto call = new_call();
                           s.spawn_call(call);
                           auto sent = Stage::until(
                               s, [&s] { return s.session->counters().in_flight == 1; });
                           co_await std::move(sent);
                           call->cancel("user \"gave\" up");
                           auto ended = Stage::until(s, [&s] { return s.replies.size() == 1; });
                           co_await std::move(ended);
                           CHECK(s.session->counters().in_flight == 0);
                           call->cancel("again");
                           // Written before stop() closes the pipe.
                           auto alive = s.session->ping(20ms);
                           co_await std::move(alive);
                       }));
    CHECK(stage.replies[0].end == CallEnd::cancelled);
    CHECK(stage.replies[0].failure.code == "GH-R704");
    CHECK(find_pointer(stage.connector->received[1], "/params/reason") == R"("user \"gave\" up")");
}

TEST_CASE("a call cancelled before or while it is queued never reaches the connector") {
    SessionOptions options;
    options.concurrency = 1;
    Stage stage;
    REQUIRE(stage.play([](FakeConnector& connector) { connector.read_to_end(); },
                       [](Stage& s) -> Task<void> {
                           auto early = new_call();
                           early->cancel("early");
                           s.spawn_call(early);
                           s.spawn_call(new_call());
                           auto queued = new_call("{\"q\":1}");
                           s.spawn_call(queued);
                           auto waiting =
                               Stage::until(s, [&s] { return s.session->counters().queued == 1; });
                           co_await std::move(waiting);
                           queued->cancel("late");
                           auto ended = Stage::until(s, [&s] { return s.replies.size() == 2; });
                           co_await std::move(ended);
                       },
                       options));
    CHECK(count_ends(stage, CallEnd::cancelled) == 2);
    CHECK(stage.connector->received.size() == 1);
}

TEST_CASE("a caller whose coroutine is cancelled frees the slot and the connector is told") {
    Stage stage;
    REQUIRE(stage.play([](FakeConnector& connector) { connector.read_to_end(); },
                       [](Stage& s) -> Task<void> {
                           s.spawn_call(new_call());
                           // Long enough for the call to be written.
                           auto pinging = s.session->ping(20ms);
                           co_await std::move(pinging);
                           s.group.stop();
                       }));
    CHECK(count_ends(stage, CallEnd::cancelled) == 1);
    CHECK(stage.session->counters().in_flight == 0);
}

TEST_CASE("when the connector ends, sent calls may have run and queued calls were never sent") {
    SessionOptions options;
    options.concurrency = 2;
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        connector.read_line();
        connector.read_line();
    };
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            for (int i = 0; i < 5; ++i) {
                s.spawn_call(new_call());
            }
            auto waiting = Stage::until(s, [&s] { return s.replies.size() == 5; });
            co_await std::move(waiting);
            auto after_end = s.session->call(new_call());
            const CallReply reply = co_await std::move(after_end);
            CHECK(reply.end == CallEnd::never_sent);
        },
        options));
    CHECK(count_ends(stage, CallEnd::may_have_run) == 2);
    CHECK(count_ends(stage, CallEnd::never_sent) == 3);
    for (const CallReply& reply : stage.replies) {
        CHECK(reply.failure.code == "GH-P301");
        CHECK_FALSE(reply.failure.action.empty());
    }
    CHECK(stage.end_reason->what == "the connector closed its stdout");
}

TEST_CASE("an answer written just before the connector ends is used, even without its newline") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        connector.write(result_line(id_in(*line), "{}"));
    };
    REQUIRE(stage.play(script, one_call_gets_result));
}

TEST_CASE("a line over the limit fails its own call only, wherever the id stands") {
    SessionOptions options;
    options.frame_max_bytes = 1 << 20;
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const std::string first = id_in(*connector.read_line());
        const std::string second = id_in(*connector.read_line());
        const std::string third = id_in(*connector.read_line());
        const std::string blob = "{\"x\":\"" + std::string(10 << 20, 'x') + "\"}";
        connector.write_line(result_line(first, blob));
        connector.write_line("{\"result\":" + blob + ",\"jsonrpc\":\"2.0\",\"id\":" + second + "}");
        connector.write_line(std::string(10 << 20, 'y'));
        connector.write_line(result_line(third, "{}"));
        connector.read_to_end();
    };
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            for (int i = 0; i < 3; ++i) {
                s.spawn_call(new_call());
            }
            auto waiting = Stage::until(s, [&s] { return s.replies.size() == 3; });
            co_await std::move(waiting);
        },
        options));
    CHECK(stage.replies[0].failure.code == "GH-M402");
    CHECK(stage.replies[1].failure.code == "GH-M402");
    CHECK(stage.replies[2].end == CallEnd::result);
    CHECK(stage.session->counters().stray_lines == 1);
}

TEST_CASE("an answer that is broken inside fails its call at once") {
    for (const char* result :
         {"{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}", "[1]", "null", "{\"a\":01}"}) {
        static std::string broken;
        broken = result;
        Stage stage;
        const auto script = [](FakeConnector& connector) {
            const auto line = connector.read_line();
            connector.write_line(result_line(id_in(*line), broken));
            connector.read_to_end();
        };
        REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
            auto calling = s.session->call(new_call());
            const CallReply reply = co_await std::move(calling);
            CHECK(reply.end == CallEnd::may_have_run);
            CHECK(reply.failure.code == "GH-M403");
        }));
        CHECK(stage.strays.empty());
    }
}

TEST_CASE("a connector that does not read its stdin costs bounded memory and its calls end") {
    SessionOptions options;
    options.concurrency = 64;
    options.queue_max_count = 1000;
    Stage stage;
    static std::atomic<bool> over;
    over = false;
    const auto script = [](FakeConnector&) {
        while (!over) {
            std::this_thread::yield();
        }
    };
    REQUIRE(stage.play(
        script,
        [](Stage& s) -> Task<void> {
            const std::string params = "{\"x\":\"" + std::string(300'000, 'x') + "\"}";
            for (int i = 0; i < 400; ++i) {
                s.spawn_call(new_call(params, 200ms));
            }
            auto waiting = Stage::until(s, [&s] { return s.replies.size() == 400; });
            co_await std::move(waiting);
            over = true;
        },
        options));
    const auto refused =
        std::count_if(stage.replies.begin(), stage.replies.end(), [](const CallReply& reply) {
            return reply.failure.code == "GH-R701" && reply.failure.what.starts_with("too many");
        });
    CHECK(refused > 150); // 64 MiB hold about 223 of them
    CHECK(count_ends(stage, CallEnd::timed_out) <= 8);
    CHECK(count_ends(stage, CallEnd::timed_out) + count_ends(stage, CallEnd::never_sent) == 400);
}

TEST_CASE("one call more than the queue holds is refused at once with GH-R701") {
    SessionOptions options;
    options.concurrency = 1;
    options.queue_max_count = 2;
    Stage stage;
    REQUIRE(stage.play([](FakeConnector& connector) { connector.read_to_end(); },
                       [](Stage& s) -> Task<void> {
                           for (int i = 0; i < 4; ++i) {
                               s.spawn_call(new_call());
                           }
                           auto waiting = Stage::until(s, [&s] { return s.replies.size() == 1; });
                           co_await std::move(waiting);
                       },
                       options));
    CHECK(stage.replies[0].end == CallEnd::never_sent);
    CHECK(stage.replies[0].failure.code == "GH-R701");
}

TEST_CASE("a connector that closed its stdin gets no more calls, and none is called run") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        connector.close_stdin();
        connector.write_line(result_line(id_in(*line), "{}"));
        connector.write_line(R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})");
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        auto first = s.session->call(new_call());
        const CallReply answered = co_await std::move(first);
        CHECK(answered.end == CallEnd::result);
        auto second = s.session->call(new_call());
        const CallReply reply = co_await std::move(second);
        CHECK(reply.end == CallEnd::never_sent);
    }));
}

TEST_CASE("close_stdin lets what was sent be answered and refuses what comes after") {
    Stage stage;
    const auto script = [](FakeConnector& connector) {
        const auto line = connector.read_line();
        connector.read_to_end();
        connector.write_line(result_line(id_in(*line), "{}"));
    };
    REQUIRE(stage.play(script, [](Stage& s) -> Task<void> {
        s.spawn_call(new_call());
        auto sent = Stage::until(s, [&s] { return s.session->counters().in_flight == 1; });
        co_await std::move(sent);
        s.session->close_stdin();
        s.spawn_call(new_call());
        auto waiting = Stage::until(s, [&s] { return s.replies.size() == 2; });
        co_await std::move(waiting);
    }));
    CHECK(stage.replies[0].end == CallEnd::never_sent);
    CHECK(stage.replies[1].end == CallEnd::result);
}

TEST_CASE("50,000 notifications delay no answer and lose none") {
    Stage stage;
    std::string flood;
    for (int i = 0; i < 50'000; ++i) {
        flood += R"({"jsonrpc":"2.0","method":"notifications/message","params":{"data":1}})"
                 "\n";
    }
    REQUIRE(stage.play(noise_before_answer(flood), one_call_gets_result));
    CHECK(stage.logs.size() == 50'000);
}

TEST_CASE("stop ends run and every call, and may be repeated") {
    Stage stage;
    REQUIRE(stage.play([](FakeConnector& connector) { connector.read_to_end(); },
                       [](Stage& s) -> Task<void> {
                           s.spawn_call(new_call());
                           auto sent = Stage::until(
                               s, [&s] { return s.session->counters().in_flight == 1; });
                           co_await std::move(sent);
                           s.session->stop();
                           s.session->stop();
                       }));
    CHECK(stage.replies.size() == 1);
    CHECK(stage.end_reason->what == "the connector was stopped");
}
