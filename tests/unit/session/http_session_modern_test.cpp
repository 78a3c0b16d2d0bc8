#include "tests/unit/session/http_session_stage.hpp"

using namespace http_session_test;

namespace {

const std::string meta_prefix = "io.modelcontextprotocol/";

// Serves subscriptions/listen until it is left; tells what it was asked for.
bool serve_listen(Peer& peer, const Asked& asked, const std::string& then) {
    const std::string meta =
        R"("_meta":{"io.modelcontextprotocol/subscriptionId":)" + asked.id + "}";
    begin_stream(peer);
    send_event(
        peer, R"({"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{)" +
                  meta + R"(,"notifications":)" + asked.json["params"]["notifications"].dump() +
                  "}}");
    if (!then.empty()) {
        send_event(peer, R"({"jsonrpc":"2.0","method":")" + then +
                             R"(","params":{"uri":"file:///a",)" + meta + "}}");
    }
    return peer.client_closed();
}

} // namespace

TEST_CASE("modern over HTTP: each request stands alone, with the headers that mirror it") {
    Server server(Era::modern, [](Peer& peer, const Asked& asked) {
        // A session header on a modern answer means nothing.
        return asked.rpc == "tools/call" &&
               send_json(peer, "200 OK",
                         result_text(asked, R"({"resultType":"complete","content":[]})"),
                         "Mcp-Session-Id: trap\r\n");
    });
    server.tools = R"([{"name":"echo","inputSchema":{"type":"object","properties":)"
                   R"({"r":{"type":"string","x-mcp-header":"Region"},"q":{"type":"string"}}}},)"
                   R"({"name":"bad","inputSchema":{"type":"object","properties":)"
                   R"({"r":{"type":"number","x-mcp-header":"N"}}}}])";
    Stage stage(server.url());
    const auto catalogue = stage.handshake();
    REQUIRE(catalogue);
    CHECK(catalogue->era == Era::modern);
    REQUIRE(catalogue->tools.size() == 1);
    CHECK(catalogue->tools[0].name == "echo");
    auto caller = std::make_shared<Caller>();
    caller->capabilities = R"({"elicitation":{}})";
    caller->client_info = R"({"name":"c","version":"1"})";
    for (int i = 0; i < 2; ++i) {
        auto call =
            Stage::make("tools/call", R"({"name":"echo","arguments":{"r":"\u00fc","q":"x"}})");
        call->caller = caller;
        call->log_level = "info";
        call->on_progress = [](std::string_view) {};
        const CallReply reply = stage.call(call);
        CHECK(reply.end == CallEnd::result);
        CHECK(reply.era == Era::modern);
        CHECK(reply.body() == R"({"resultType":"complete","content":[]})");
    }
    const Asked asked = server.asked("tools/call").at(1);
    CHECK(asked.header("mcp-protocol-version") == "2026-07-28");
    CHECK(asked.header("mcp-method") == "tools/call");
    CHECK(asked.header("mcp-name") == "echo");
    CHECK(asked.header("mcp-param-region") == "=?base64?w7w=?=");
    CHECK(asked.header("mcp-session-id").empty());
    CHECK(asked.header("accept") == "application/json, text/event-stream");
    CHECK(asked.header("content-type") == "application/json");
    const Json meta = asked.json["params"]["_meta"];
    CHECK(meta[meta_prefix + "protocolVersion"] == "2026-07-28");
    CHECK(meta[meta_prefix + "clientInfo"]["name"] == "c");
    CHECK(meta[meta_prefix + "clientCapabilities"].contains("elicitation"));
    CHECK(meta[meta_prefix + "logLevel"] == "info");
    CHECK(meta["progressToken"].dump() == asked.id);
    for (const char* method :
         {"initialize", "GET", "notifications/initialized", "logging/setLevel"}) {
        CHECK(server.count(method) == 0);
    }
    CHECK(run_task(stage.loop, stage.session->ping(5s)));
    stage.stop();
    CHECK(server.count("DELETE") == 0);
}

TEST_CASE("names in headers: of prompts, resources and tasks, as they are or encoded") {
    Server server(Era::modern, nullptr);
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const auto name_sent = [&](const char* method, const char* params) {
        CHECK(stage.call(Stage::make(method, params)).end == CallEnd::result);
        return server.asked(method).back().header("mcp-name");
    };
    CHECK(name_sent("prompts/get", R"({"name":"p q"})") == "p q");
    CHECK(name_sent("resources/read", R"({"uri":"file:///a%20b"})") == "file:///a%20b");
    CHECK(name_sent("tasks/get", R"({"taskId":"t\u00e9"})") == "=?base64?dMOp?=");
    CHECK(name_sent("completion/complete", R"({"ref":{"name":"x"}})").empty());
}

TEST_CASE("a modern server that refuses the first version header is asked again") {
    std::atomic<int> asked_count = 0;
    Server server(Era::modern, [&](Peer& peer, const Asked& asked) {
        return asked.rpc == "server/discover" && asked_count++ == 0 &&
               send_json(peer, "400 Bad Request",
                         error_text(asked.id, -32022, R"(,"data":{"supported":["2026-07-28"]})"));
    });
    Stage stage(server.url());
    const auto catalogue = stage.handshake();
    REQUIRE(catalogue);
    CHECK(catalogue->era == Era::modern);
    CHECK(server.count("server/discover") == 2);
    CHECK(server.count("initialize") == 0);
}

TEST_CASE("a header mismatch is repaired by reading the tools again, once") {
    const bool for_ever = GENERATE(false, true);
    std::atomic<int> lists = 0;
    Server server(Era::modern, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc == "tools/list") {
            const std::string header = lists++ == 0 ? "" : R"(,"x-mcp-header":"R")";
            return send_json(
                peer, "200 OK",
                result_text(
                    asked,
                    R"({"tools":[{"name":"echo","inputSchema":{"properties":{"r":{"type":"string")" +
                        header + "}}}}]}"));
        }
        return asked.rpc == "tools/call" && (for_ever || asked.header("mcp-param-r").empty()) &&
               send_json(peer, "400 Bad Request", error_text(asked.id, -32020));
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    const CallReply reply = stage.call(R"({"name":"echo","arguments":{"r":"x"}})");
    CHECK(reply.end == (for_ever ? CallEnd::error : CallEnd::result));
    CHECK(server.count("tools/list") == 2);
    CHECK(server.count("tools/call") == 2);
    CHECK(server.asked("tools/call").at(0).id != server.asked("tools/call").at(1).id);
}

TEST_CASE("an unknown method is an error of the connector, by its 404") {
    Server server(Era::modern, [](Peer& peer, const Asked& asked) {
        return asked.rpc == "prompts/get" &&
               send_json(peer, "404 Not Found", error_text(asked.id, -32601));
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    CHECK(stage.call(Stage::make("prompts/get", R"({"name":"x"})")).end == CallEnd::error);
}

TEST_CASE("cancelling a modern call closes its stream, and says nothing else") {
    std::atomic<bool> left = false;
    Server server(Era::modern, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc != "tools/call") {
            return false;
        }
        begin_stream(peer);
        left = peer.client_closed();
        return true;
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    auto call = Stage::make("tools/call", R"({"name":"echo"})");
    const auto reply = stage.start(call);
    REQUIRE(eventually(stage.loop, [&] { return server.count("tools/call") == 1; }));
    call->cancel("enough");
    REQUIRE(eventually(stage.loop, [&] { return reply->has_value() && left; }));
    CHECK((*reply)->end == CallEnd::cancelled);
    CHECK(server.count("notifications/cancelled") == 0);
}

TEST_CASE("a modern stream that breaks is not resumed") {
    Server server(Era::modern, [](Peer& peer, const Asked& asked) {
        return asked.rpc == "tools/call" &&
               (begin_stream(peer), peer.chunk("id: 1\ndata:\n\n"), end_stream(peer));
    });
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    CHECK(stage.call().end == CallEnd::may_have_run);
    CHECK(server.count("GET") == 0);
}

TEST_CASE("changes of lists come on the subscription stream, which is left with the session") {
    std::atomic<bool> left = false;
    Server server(Era::modern, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc != "subscriptions/listen") {
            return false;
        }
        left = serve_listen(peer, asked, "notifications/tools/list_changed");
        return true;
    });
    server.capabilities = R"({"tools":{"listChanged":true}})";
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    REQUIRE(eventually(stage.loop, [&] { return !stage.changed.empty(); }));
    CHECK(stage.changed == std::vector<ListKind>{ListKind::tools});
    const Asked listen = server.asked("subscriptions/listen").at(0);
    CHECK(listen.json["params"]["notifications"]["toolsListChanged"] == true);
    CHECK(listen.header("mcp-method") == "subscriptions/listen");
    stage.stop();
    CHECK(eventually(stage.loop, [&] { return left.load(); }));
}

TEST_CASE("watching a resource replaces the subscription stream by one that names it") {
    std::atomic<int> left = 0;
    Server server(Era::modern, [&](Peer& peer, const Asked& asked) {
        if (asked.rpc != "subscriptions/listen") {
            return false;
        }
        const bool names = asked.json["params"]["notifications"].contains("resourceSubscriptions");
        left += serve_listen(peer, asked, names ? "notifications/resources/updated" : "") ? 1 : 0;
        return true;
    });
    server.capabilities = R"({"tools":{"listChanged":true}})";
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    REQUIRE(eventually(stage.loop, [&] { return server.count("subscriptions/listen") == 1; }));
    const CallReply watched = run_task(stage.loop, stage.session->watch_resource("file:///a", 5s));
    CHECK(watched.end == CallEnd::result);
    REQUIRE(eventually(stage.loop, [&] { return !stage.notices.empty() && left == 1; }));
    CHECK(stage.notices == std::vector<std::string>{"notifications/resources/updated"});
    stage.session->unwatch_resource("file:///a");
    REQUIRE(eventually(stage.loop, [&] { return left == 2; }));
    CHECK(server.count("subscriptions/listen") == 3);
}

TEST_CASE("a server without subscriptions is asked once, and a watched resource refused") {
    Server server(Era::modern, nullptr);
    server.capabilities = R"({"tools":{"listChanged":true}})";
    Stage stage(server.url());
    REQUIRE(stage.handshake());
    REQUIRE(eventually(stage.loop, [&] { return server.count("subscriptions/listen") == 1; }));
    const CallReply watched = run_task(stage.loop, stage.session->watch_resource("file:///a", 5s));
    CHECK(watched.end == CallEnd::error);
    CHECK(server.count("subscriptions/listen") == 2);
}
