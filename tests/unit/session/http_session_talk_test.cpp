#include "tests/unit/session/http_session_stage.hpp"

#include <condition_variable>

using namespace http_session_test;

namespace {

std::string question(const std::string& id, const std::string& method = "elicitation/create") {
    return R"({"jsonrpc":"2.0","id":)" + id + R"(,"method":")" + method +
           R"(","params":{"message":"?"}})";
}

// What the server got as the answer to its question with this raw id.
std::optional<Asked> answer_to(const Server& server, const std::string& id) {
    for (Asked& asked : server.asked("POST")) {
        if (asked.rpc.empty() && asked.id == id) {
            return asked;
        }
    }
    return std::nullopt;
}

// Asks on the stream of the call, and answers the call once the client's answer has come.
class AskingServer {
  public:
    AskingServer()
        : server(Era::legacy,
                 [this](Peer& peer, const Asked& asked) { return handle(peer, asked); }) {}

    std::atomic<bool> answered = false;
    Server server;

  private:
    bool handle(Peer& peer, const Asked& asked) {
        if (asked.rpc.empty() && asked.id == "\"q1\"") {
            answered = true;
            return false;
        }
        if (asked.rpc != "tools/call") {
            return false;
        }
        begin_stream(peer);
        send_event(peer, question("\"q1\""));
        for (int i = 0; i < 500 && !answered; ++i) {
            std::this_thread::sleep_for(10ms);
        }
        send_event(peer, result_text(asked, R"({"done":true})"));
        return end_stream(peer);
    }
};

} // namespace

TEST_CASE("a question on the call's own stream belongs to that call, beside others in flight") {
    AskingServer asking;
    Stage stage(asking.server.url());
    REQUIRE(stage.handshake());
    std::vector<std::shared_ptr<InputRequest>> questions;
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    call->on_input = [&](std::shared_ptr<InputRequest> request) {
        questions.push_back(std::move(request));
    };
    call->deadline = 400ms; // rests while the client is asked
    const auto reply = stage.start(call);
    REQUIRE(eventually(stage.loop, [&] { return !questions.empty(); }));
    CHECK(questions[0]->method == "elicitation/create");
    CHECK(questions[0]->params == R"({"message":"?"})");
    const auto asked_at = std::chrono::steady_clock::now();
    CHECK(eventually(stage.loop,
                     [&] { return std::chrono::steady_clock::now() - asked_at > 500ms; }));
    CHECK(!reply->has_value());
    questions[0]->answer(R"({"action":"accept","content":{"a":1}})");
    REQUIRE(eventually(stage.loop, [&] { return reply->has_value(); }));
    CHECK((*reply)->end == CallEnd::result);
    const auto answer = answer_to(asking.server, "\"q1\"");
    REQUIRE(answer);
    CHECK(answer->json["result"]["content"]["a"] == 1);
    CHECK(answer->header("mcp-session-id") == "s-1");
}

TEST_CASE(
    "a question nobody hears is answered with -32601, a refused one with the client's error") {
    AskingServer asking;
    Stage stage(asking.server.url());
    REQUIRE(stage.handshake());
    const bool heard = GENERATE(false, true);
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    if (heard) {
        call->on_input = [](const std::shared_ptr<InputRequest>& request) {
            request->refuse(R"({"code":-1,"message":"no"})");
        };
    }
    CHECK(stage.call(call).end == CallEnd::result);
    const auto answer = answer_to(asking.server, "\"q1\"");
    REQUIRE(answer);
    CHECK(answer->json["error"]["code"] == (heard ? -1 : -32601));
}

TEST_CASE("a call that ends withdraws its questions, and the connector is told") {
    AskingServer asking;
    Stage stage(asking.server.url());
    REQUIRE(stage.handshake());
    bool withdrawn = false;
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    std::shared_ptr<InputRequest> open;
    call->on_input = [&](std::shared_ptr<InputRequest> request) {
        request->set_withdrawn_handler([&] { withdrawn = true; });
        open = std::move(request);
    };
    const auto reply = stage.start(call);
    REQUIRE(eventually(stage.loop, [&] { return open != nullptr; }));
    call->cancel("enough");
    CHECK(withdrawn);
    REQUIRE(eventually(stage.loop, [&] { return answer_to(asking.server, "\"q1\"").has_value(); }));
    CHECK(answer_to(asking.server, "\"q1\"")->json["error"]["code"] == -32603);
    open->answer("{}"); // too late, and ignored
}

TEST_CASE("the GET stream: what came there belongs to the only call in flight, or to nobody") {
    // It is open before the first call; the question goes there when told, not to the call's
    // stream.
    std::mutex mutex;
    std::condition_variable changed;
    int questions = 0;
    bool answered = false;
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        std::unique_lock lock(mutex);
        if (asked.method == "GET") {
            begin_stream(peer);
            peer.chunk(": open\n\n");
            for (int asked_before = 0; asked_before < 2; ++asked_before) {
                changed.wait_for(lock, 5s, [&] { return questions > asked_before; });
                send_event(peer, question(std::to_string(70 + asked_before)));
            }
            lock.unlock();
            return peer.client_closed();
        }
        if (asked.rpc == "tools/call") {
            ++questions;
            changed.notify_all();
            changed.wait_for(lock, 2s, [&] { return answered; });
            answered = false;
            return send_json(peer, "200 OK", result_text(asked, "{}"));
        }
        if (asked.rpc.empty() && (asked.id == "70" || asked.id == "71")) {
            answered = true;
            changed.notify_all();
        }
        return false;
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    call->on_input = [](const std::shared_ptr<InputRequest>& request) {
        request->answer(R"({"x":1})");
    };
    CHECK(stage.call(call).end == CallEnd::result);
    CHECK(answer_to(server, "70")->json["result"]["x"] == 1);
    CHECK(stage.session->counters().unattributed == 0);

    // Two in flight: nobody can tell whose the question is.
    auto one = Stage::make("tools/call", R"({"name":"echo"})");
    auto other = Stage::make("tools/call", R"({"name":"echo"})");
    bool asked = false;
    one->on_input = other->on_input = [&](const std::shared_ptr<InputRequest>&) { asked = true; };
    const auto first = stage.start(one);
    const auto second = stage.start(other);
    REQUIRE(eventually(stage.loop, [&] { return answer_to(server, "71").has_value(); }));
    CHECK(answer_to(server, "71")->json["error"]["code"] == -32603);
    CHECK(!asked);
    CHECK(stage.session->counters().unattributed == 1);
}

TEST_CASE(
    "the GET stream is opened again after the wait that the server asks for, from where it stood") {
    Server server(Era::legacy, [](Peer& peer, const Asked& asked) {
        if (asked.method != "GET") {
            return false;
        }
        begin_stream(peer);
        if (asked.header("last-event-id").empty()) {
            send_event(peer, R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})",
                       "retry: 50\nid: g7\n");
            return end_stream(peer);
        }
        return peer.client_closed();
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    REQUIRE(eventually(stage.loop, [&] { return server.count("GET") == 2; }));
    CHECK(server.asked("GET").at(1).header("last-event-id") == "g7");
    CHECK(stage.changed == std::vector<ListKind>{ListKind::tools});
}

TEST_CASE("a ping of the connector is answered, an unknown request refused, noise passed over") {
    Server server(Era::legacy, [](Peer& peer, const Asked& asked) {
        if (asked.rpc != "tools/call") {
            return false;
        }
        begin_stream(peer);
        send_event(peer, R"({"jsonrpc":"2.0","id":8,"method":"ping"})");
        send_event(peer, R"({"jsonrpc":"2.0","id":9,"method":"other/thing"})");
        send_event(peer, "not json");
        send_event(peer, R"({"jsonrpc":"2.0","id":4711,"result":{}})");
        send_event(peer, result_text(asked, "{}"));
        return end_stream(peer);
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const CallReply reply = stage.call();
    CHECK(reply.end == CallEnd::result);
    CHECK(stage.session->counters().stray_lines == 1);
    CHECK(stage.session->counters().unknown_ids == 1);
    REQUIRE(eventually(stage.loop, [&] {
        return answer_to(server, "8").has_value() && answer_to(server, "9").has_value();
    }));
    CHECK(answer_to(server, "8")->json["result"].empty());
    CHECK(answer_to(server, "9")->json["error"]["code"] == -32601);
}

TEST_CASE("log levels: the connector is asked for the most verbose one, each call gets its own") {
    std::string level = "debug";
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc != "tools/call") {
            return false;
        }
        begin_stream(peer);
        send_event(
            peer,
            R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info"}})");
        send_event(peer, result_text(asked, "{}"));
        return end_stream(peer);
    });
    server.capabilities = R"({"tools":{},"logging":{}})";
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    int heard = 0;
    for (const char* wanted : {"warning", "info", "error"}) {
        auto call = Stage::make("tools/call", R"({"name":"echo"})");
        call->log_level = wanted;
        call->on_log = [&](std::string_view) { ++heard; };
        CHECK(stage.call(call).end == CallEnd::result);
    }
    CHECK(heard == 1);
    CHECK(stage.logs.size() == 3);
    CHECK(server.count("logging/setLevel") == 2);
}

TEST_CASE("resources are watched, and watched again in a new session") {
    std::atomic<bool> lost = false;
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        return asked.rpc == "tools/call" && lost.exchange(false) &&
               send_json(peer, "404 Not Found", "");
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const CallReply watched = run_task(stage.loop, stage.session->watch_resource("file:///a", 5s));
    CHECK(watched.end == CallEnd::result);
    CHECK(server.asked("resources/subscribe").at(0).json["params"]["uri"] == "file:///a");
    lost = true;
    CHECK(stage.call().end == CallEnd::result);
    REQUIRE(eventually(stage.loop, [&] { return server.count("resources/subscribe") == 2; }));
    stage.session->unwatch_resource("file:///a");
    stage.session->tell_roots_changed();
    CHECK(eventually(stage.loop, [&] {
        return server.count("resources/unsubscribe") == 1 &&
               server.count("notifications/roots/list_changed") == 1;
    }));
}
