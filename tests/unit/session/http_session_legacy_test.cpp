#include "runtime/session/failures.hpp"
#include "tests/unit/session/http_session_stage.hpp"

using namespace http_session_test;

TEST_CASE("legacy over HTTP: handshake, headers, a call, and the end of the session") {
    Server server(Era::legacy, nullptr);
    std::vector<HttpSecretHeader> secrets;
    secrets.push_back({"Authorization", Secret("Bearer pw")});
    Stage stage(server.url(), {}, std::move(secrets));
    const auto catalogue = stage.handshake();
    REQUIRE(catalogue);
    CHECK(catalogue->era == Era::legacy);
    CHECK(catalogue->protocol_version == "2025-11-25");
    REQUIRE(catalogue->tools.size() == 1);
    const CallReply reply = stage.call();
    CHECK(reply.end == CallEnd::result);
    CHECK(reply.era == Era::legacy);
    CHECK(reply.body() == R"({"content":[]})");
    CHECK(run_task(stage.loop, stage.session->ping(5s)));
    const Asked initialize = server.asked("initialize").at(0);
    CHECK(initialize.header("mcp-session-id").empty());
    CHECK(initialize.header("mcp-protocol-version").empty());
    for (const char* method : {"notifications/initialized", "tools/list", "tools/call", "GET"}) {
        INFO(method);
        const Asked asked = server.asked(method).at(0);
        CHECK(asked.header("mcp-session-id") == "s-1");
        CHECK(asked.header("mcp-protocol-version") == "2025-11-25");
        CHECK(asked.header("authorization") == "Bearer pw");
        CHECK(asked.header("accept").find("text/event-stream") != std::string::npos);
        CHECK(asked.header("mcp-method").empty());
    }
    CHECK(server.asked("tools/call").at(0).json["params"]["name"] == "echo");
    stage.stop();
    CHECK(server.asked("DELETE").at(0).header("mcp-session-id") == "s-1");
    REQUIRE(stage.end);
    CHECK(stage.end->code == "GH-P301");
    CHECK(stage.call().end == CallEnd::never_sent);
}

TEST_CASE("the era probe: only an answer about the protocol is evidence") {
    struct Case {
        std::string status, body, code; // the code of the handshake's error; empty: legacy
    };
    const std::vector<Case> cases{
        {"400 Bad Request", "no", ""},
        {"404 Not Found", "", ""},
        {"405 Method Not Allowed", "", ""},
        {"406 Not Acceptable", "", ""},
        {"200 OK", error_text("1", -32601), ""},
        {"400 Bad Request", error_text("null", -32000), ""},
        {"200 OK", R"({"result":{}})", ""},
        {"200 OK", R"({"jsonrpc":"2.0","id":1,"result":{}})", ""},
        {"200 OK", "<html>", ""},
        {"202 Accepted", "", ""},
        {"401 Unauthorized", "", "GH-A103"},
        {"403 Forbidden", "", "GH-A104"},
        {"429 Too Many Requests", "", "GH-D206"},
        {"500 Internal Server Error", "", "GH-D205"},
        {"503 Service Unavailable", error_text("1", -32603), "GH-D205"},
        {"307 Temporary Redirect", "", "GH-D209"},
    };
    for (const Case& one : cases) {
        INFO(one.status + " " + one.body);
        Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
            return asked.rpc == "server/discover" && send_json(peer, one.status, one.body);
        });
        Stage stage(server.url());
        const auto catalogue = stage.handshake();
        CHECK(catalogue.has_value() == one.code.empty());
        if (!catalogue) {
            CHECK(catalogue.error().code == one.code);
            CHECK(catalogue.error().what.find("may have run") == std::string::npos);
        }
        CHECK(server.count("initialize") == (one.code.empty() ? 1 : 0));
        const Asked probe = server.asked("server/discover").at(0);
        CHECK(probe.header("mcp-method") == "server/discover");
        CHECK(probe.header("mcp-protocol-version") == "2026-07-28");
        CHECK(probe.json["params"]["_meta"].size() == 3);
    }
}

TEST_CASE("a known era is not probed for") {
    Server server(Era::legacy, nullptr);
    SessionOptions options;
    options.known_era = Era::legacy;
    Stage stage(server.url(), options);
    CHECK(stage.handshake());
    CHECK(server.count("server/discover") == 0);
}

TEST_CASE("a server that is away is said to be away") {
    const std::string gone = [] {
        LoopbackServer closed([](Peer&, int) {});
        return closed.url();
    }();
    Stage stage(gone);
    const auto catalogue = stage.handshake();
    REQUIRE(!catalogue);
    CHECK(catalogue.error().code == "GH-D202");
    const CallReply reply = stage.call();
    CHECK(reply.end == CallEnd::never_sent);
    CHECK(reply.failure.code == "GH-D202");
}

TEST_CASE("an answer as a stream: progress, log and result of the call") {
    Server server(Era::legacy, [](Peer& peer, const Asked& asked) {
        if (asked.rpc != "tools/call") {
            return false;
        }
        const std::string token =
            asked.json.value(Json::json_pointer("/params/_meta/progressToken"), Json(0)).dump();
        begin_stream(peer);
        peer.chunk(": keep-alive\n\n");
        send_event(
            peer,
            R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":)" +
                token + R"(,"progress":1}})");
        send_event(
            peer,
            R"({"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":1}})");
        send_event(peer, R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})");
        send_event(peer, result_text(asked, R"({"content":[1]})"), "event: message\nid: 4\n");
        return end_stream(peer);
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    std::vector<std::string> progress;
    std::vector<std::string> logs;
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    call->on_progress = [&](std::string_view params) { progress.emplace_back(params); };
    call->on_log = [&](std::string_view params) { logs.emplace_back(params); };
    const CallReply reply = stage.call(call);
    CHECK(reply.end == CallEnd::result);
    CHECK(reply.body() == R"({"content":[1]})");
    CHECK(progress.size() == 1);
    CHECK(logs == std::vector<std::string>{R"({"level":"info","data":1})"});
    CHECK(stage.logs == logs);
    CHECK(stage.changed == std::vector<ListKind>{ListKind::tools});
    // The connection of a stream that ended in order is used again.
    const int connections = server.accepted();
    for (int i = 0; i < 3; ++i) {
        CHECK(stage.call().end == CallEnd::result);
    }
    CHECK(server.accepted() == connections);
}

TEST_CASE("errors of the connector are told from failures of its server") {
    std::string status;
    std::string body;
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        const std::string sent = body == "own id" ? error_text(asked.id, -32602) : body;
        return asked.rpc == "tools/call" && send_json(peer, status, sent, "Retry-After: 7\r\n");
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const auto call = [&](std::string with_status, std::string with_body) {
        status = std::move(with_status);
        body = std::move(with_body);
        return stage.call();
    };
    CHECK(call("200 OK", "own id").end == CallEnd::error);
    CHECK(call("400 Bad Request", "own id").end == CallEnd::error);
    const CallReply nameless = call("400 Bad Request", error_text("null", -32600));
    CHECK(nameless.end == CallEnd::error);
    CHECK(nameless.body() == R"({"code":-32600,"message":"no"})");
    CHECK(call("200 OK", R"({"error":{"code":1,"message":"x"}})").end == CallEnd::error);
    const CallReply limited = call("429 Too Many Requests", "");
    CHECK(limited.end == CallEnd::never_sent);
    CHECK(limited.failure.code == "GH-D206");
    CHECK(limited.retry_after == 7s);
    CHECK(call("401 Unauthorized", "own id").failure.code == "GH-A103");
    const CallReply failed = call("500 Internal Server Error", "");
    CHECK(failed.end == CallEnd::may_have_run);
    CHECK(failed.failure.code == "GH-D205");
    CHECK(call("413 Content Too Large", "").end == CallEnd::never_sent);
    CHECK(call("413 Content Too Large", "").failure.code == "GH-D210");
    CHECK(call("200 OK", "{").failure.code == "GH-M403");
    CHECK(call("200 OK", R"({"jsonrpc":"2.0","id":99999,"result":{}})").failure.code == "GH-M403");
    CHECK(call("200 OK", R"({"jsonrpc":"2.0","method":"x"})").end == CallEnd::may_have_run);
    CHECK(call("204 No Content", "").failure.code == "GH-M403");
}

TEST_CASE(
    "a session the server has ended is begun anew, once for all calls, and they are sent again") {
    std::string valid = "s-1";
    int begun = 0;
    std::mutex mutex;
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        const std::lock_guard lock(mutex);
        if (asked.rpc == "initialize") {
            valid = "s-" + std::to_string(++begun);
            return send_json(
                peer, "200 OK",
                result_text(asked,
                            R"({"protocolVersion":"2025-06-18","capabilities":{"tools":{}}})"),
                "Mcp-Session-Id: " + valid + "\r\n");
        }
        if (asked.rpc == "server/discover" || asked.header("mcp-session-id") == valid) {
            return false;
        }
        return send_json(peer, "404 Not Found", "");
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    {
        const std::lock_guard lock(mutex);
        valid = "gone";
    }
    std::vector<std::shared_ptr<std::optional<CallReply>>> replies;
    for (int i = 0; i < 5; ++i) {
        replies.push_back(stage.start(Stage::make("tools/call", R"({"name":"echo"})")));
    }
    for (const auto& reply : replies) {
        REQUIRE(eventually(stage.loop, [&] { return reply->has_value(); }));
        CHECK((*reply)->end == CallEnd::result);
    }
    CHECK(server.count("initialize") == 2);
    CHECK(server.asked("tools/call").back().header("mcp-session-id") == "s-2");
    CHECK(server.asked("initialize").back().header("mcp-session-id").empty());
    CHECK(server.asked("tools/call").back().header("mcp-protocol-version") == "2025-06-18");
}

TEST_CASE("a server that never knows its own session is not asked for ever") {
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        return asked.rpc == "tools/call" && send_json(peer, "404 Not Found", "");
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const CallReply reply = stage.call();
    CHECK(reply.end == CallEnd::never_sent);
    CHECK(reply.failure.code == "GH-D210");
    CHECK(server.count("initialize") == 2);
    CHECK(server.count("tools/call") == 2);
}

TEST_CASE("a stream that breaks is resumed where it stood, after the wait the server asked for") {
    std::atomic<int> resumed = 0;
    std::string id;
    std::chrono::steady_clock::time_point closed;
    std::chrono::milliseconds waited{0};
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc == "tools/call") {
            id = asked.id;
            begin_stream(peer);
            peer.chunk("id: e1\nretry: 120\ndata:\n\n");
            closed = std::chrono::steady_clock::now();
            return end_stream(peer);
        }
        if (asked.method != "GET" || asked.header("last-event-id").empty()) {
            return false;
        }
        begin_stream(peer);
        if (resumed++ == 0) {
            waited = std::chrono::duration_cast<std::chrono::milliseconds>(
                std::chrono::steady_clock::now() - closed);
            send_event(peer, R"({"jsonrpc":"2.0","method":"notifications/message","params":{}})",
                       "id: e2\n");
            peer.close_sending(); // in the middle of the chunked body
            return true;
        }
        send_event(peer, R"({"jsonrpc":"2.0","id":)" + id + R"(,"result":{"late":true}})",
                   "id: e3\n");
        return end_stream(peer);
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const CallReply reply = stage.call();
    CHECK(reply.end == CallEnd::result);
    CHECK(reply.body() == R"({"late":true})");
    CHECK(waited >= 110ms);
    std::vector<std::string> ids;
    for (const Asked& asked : server.asked("GET")) {
        if (!asked.header("last-event-id").empty()) {
            ids.push_back(asked.header("last-event-id"));
            CHECK(asked.header("mcp-session-id") == "s-1");
        }
    }
    CHECK(ids == std::vector<std::string>{"e1", "e2"});
}

TEST_CASE("a stream that ends without an answer and cannot be resumed: the call may have run") {
    const bool with_id = GENERATE(false, true);
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc != "tools/call") {
            return false;
        }
        begin_stream(peer);
        peer.chunk(with_id ? "id: 1\nretry: 10\ndata:\n\n" : "data:\n\n");
        return end_stream(peer);
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const CallReply reply = stage.call();
    CHECK(reply.end == CallEnd::may_have_run);
    CHECK(reply.failure.code == "GH-D202");
}

TEST_CASE("a cancelled call ends at once, and the connector is told") {
    Server server(Era::legacy, [](Peer& peer, const Asked& asked) {
        return asked.rpc == "tools/call" && (begin_stream(peer), peer.client_closed());
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    const auto reply = stage.start(call);
    REQUIRE(eventually(stage.loop, [&] { return server.count("tools/call") == 1; }));
    call->cancel("enough");
    REQUIRE(eventually(stage.loop, [&] { return reply->has_value(); }));
    CHECK((*reply)->end == CallEnd::cancelled);
    REQUIRE(eventually(stage.loop, [&] { return server.count("notifications/cancelled") == 1; }));
    const Asked note = server.asked("notifications/cancelled").at(0);
    CHECK(note.json["params"]["requestId"].dump() == server.asked("tools/call").at(0).id);
    CHECK(note.json["params"]["reason"] == "enough");
    CHECK(stage.session->counters().in_flight == 0);
}

TEST_CASE("a call past its deadline is timed out, and the connector is told") {
    Server server(Era::legacy, [](Peer& peer, const Asked& asked) {
        return asked.rpc == "tools/call" && peer.client_closed();
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    call->deadline = 100ms;
    const CallReply reply = stage.call(call);
    CHECK(reply.end == CallEnd::timed_out);
    CHECK(reply.failure.code == "GH-P307");
    CHECK(eventually(stage.loop, [&] { return server.count("notifications/cancelled") == 1; }));
}

TEST_CASE("no answer in time of a server elsewhere tells of that server, in calls and handshake") {
    Server server(Era::legacy, [](Peer& peer, const Asked& asked) {
        return asked.rpc == "tools/call" && peer.client_closed();
    });
    SessionOptions options;
    options.elsewhere = true;
    Stage stage(server.url(), options);
    REQUIRE(stage.handshake());
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    call->deadline = 100ms;
    const CallReply reply = stage.call(call);
    CHECK(reply.end == CallEnd::timed_out);
    CHECK(reply.failure.code == "GH-D204");
    CHECK(reply.failure.what.find("may have run") != std::string::npos);
    const Error step = failures::failed_step(reply, "initialize");
    CHECK(step.code == "GH-D204");
    CHECK(step.what.find("may have run") == std::string::npos);
}

TEST_CASE("stop ends the calls in flight: they may have run, those in the queue did not") {
    Server server(Era::legacy, [](Peer& peer, const Asked& asked) {
        return asked.rpc == "tools/call" && peer.client_closed();
    });
    SessionOptions options;
    options.concurrency = 1;
    Stage stage(server.url(), options);
    REQUIRE(stage.handshake());
    const auto first = stage.start(Stage::make("tools/call", R"({"name":"echo"})"));
    const auto second = stage.start(Stage::make("tools/call", R"({"name":"echo"})"));
    REQUIRE(eventually(stage.loop, [&] { return server.count("tools/call") == 1; }));
    // The loop may not have begun the second call when the server already has the first.
    CHECK(eventually(stage.loop, [&] { return stage.session->counters().queued == 1; }));
    stage.stop();
    REQUIRE(first->has_value());
    CHECK((*first)->end == CallEnd::may_have_run);
    REQUIRE(second->has_value());
    CHECK((*second)->end == CallEnd::never_sent);
}

TEST_CASE("calls take their turns, an exclusive one alone") {
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc != "tools/call") {
            return false;
        }
        most = std::max(most.load(), ++now);
        std::this_thread::sleep_for(10ms);
        --now;
        return send_json(peer, "200 OK", result_text(asked, "{}"));
    });
    SessionOptions options;
    options.concurrency = 3;
    const bool exclusive = GENERATE(false, true);
    Stage stage(server.url(), options);
    REQUIRE(stage.handshake());
    std::vector<std::shared_ptr<std::optional<CallReply>>> replies;
    for (int i = 0; i < 12; ++i) {
        auto call = Stage::make("tools/call", R"({"name":"echo"})");
        call->exclusive = exclusive;
        replies.push_back(stage.start(std::move(call)));
    }
    for (const auto& reply : replies) {
        REQUIRE(eventually(stage.loop, [&] { return reply->has_value(); }));
        CHECK((*reply)->end == CallEnd::result);
    }
    CHECK(most <= (exclusive ? 1 : 3));
    CHECK(most >= (exclusive ? 1 : 2));
}

TEST_CASE("a large result arrives whole, and one over the limit fails its call") {
    const std::string large(5 << 20, 'x');
    const bool as_stream = GENERATE(false, true);
    Server server(Era::legacy, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc != "tools/call") {
            return false;
        }
        const std::string text = result_text(asked, R"({"t":")" + large + "\"}");
        if (!as_stream) {
            return send_json(peer, "200 OK", text);
        }
        begin_stream(peer);
        send_event(peer, text);
        return end_stream(peer) || true;
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    CHECK(stage.call().body().size() == large.size() + 8);
    SessionOptions options;
    options.frame_max_bytes = 1 << 20;
    Stage small(server.url(), options);
    REQUIRE(small.handshake());
    const CallReply reply = small.call();
    CHECK(reply.end == CallEnd::may_have_run);
    CHECK(reply.failure.code == "GH-M402");
}
