#include "tests/unit/pipeline/streams_fixture.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

void put_header(HttpRequest& request, const std::string& name, const std::string& value) {
    std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
    if (!value.empty()) {
        request.headers.emplace_back(name, value);
    }
}

HttpRequest with(HttpRequest request, const std::string& name, const std::string& value) {
    put_header(request, name, value);
    return request;
}

const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";

} // namespace

TEST_CASE("every legacy revision is spoken as asked, and what is not known becomes the newest") {
    StreamsFixture fixture;
    const auto negotiated = [&](const std::string& version) {
        return fixture
            .begin(fixture.post(
                R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" +
                version + R"(","capabilities":{}}})"))
            .json()["result"]["protocolVersion"]
            .get<std::string>();
    };
    for (const char* version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
        CHECK(negotiated(version) == version);
    }
    for (const char* version : {"2026-07-28", "1.0", ""}) {
        CHECK(negotiated(version) == "2025-11-25");
    }
}

TEST_CASE("the version header may be absent, and must be the session's otherwise") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-06-18");
    const auto status = [&](const std::string& version) {
        return fixture.begin(with(fixture.of(id, ping), "MCP-Protocol-Version", version)).status;
    };
    CHECK(status("") == 200);
    CHECK(status("2025-06-18") == 200);
    CHECK(status(" 2025-06-18 ") == 200);
    CHECK(status("2025-11-25") == 400);
    CHECK(status("1999-01-01") == 400);
    CHECK(status("2026-07-28") == 400);
    CHECK(fixture.begin(with(fixture.get(id), "MCP-Protocol-Version", "2025-11-25")).status == 400);
}

TEST_CASE("initialize tells of the client, and its calls carry that") {
    StreamsFixture fixture;
    const std::string long_name(20'000, 'n');
    const auto& refused = fixture.begin(fixture.post(
        R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",)"
        R"("capabilities":{},"clientInfo":{"name":")" +
        long_name + R"("}}})"));
    CHECK(refused.status == 400);
    CHECK(refused.json()["error"]["code"] == -32602);
}

TEST_CASE("ping, logging/setLevel and unknown methods are answered in a session") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    const auto ask = [&](const std::string& method, const std::string& params) {
        return fixture
            .begin(fixture.of(id, R"({"jsonrpc":"2.0","id":"x","method":")" + method +
                                      R"(","params":)" + params + "}"))
            .json();
    };
    CHECK(ask("ping", "{}")["result"] == Json::object());
    CHECK(ask("logging/setLevel", R"({"level":"warning"})")["result"] == Json::object());
    CHECK(ask("logging/setLevel", R"({"level":"loud"})")["error"]["code"] == -32602);
    CHECK(ask("logging/setLevel", "{}")["error"]["code"] == -32602);
    CHECK(ask("subscriptions/listen", "{}")["error"]["code"] == -32601);
    CHECK(ask("server/discover", "{}")["error"]["code"] == -32601);
    CHECK(ask("no/such", "{}")["error"]["code"] == -32601);
}

TEST_CASE("every list is served in both eras, and a bad cursor is refused") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    const std::vector<std::pair<std::string, std::string>> lists = {
        {"tools/list", "tools"}, {"prompts/list", "prompts"}, {"resources/list", "resources"}};
    for (const auto& [method, member] : lists) {
        const auto legacy =
            fixture.begin(fixture.of(id, R"({"jsonrpc":"2.0","id":1,"method":")" + method + "\"}"))
                .json();
        CHECK(legacy["result"][member].size() == 1);
        CHECK_FALSE(legacy["result"].contains("ttlMs"));
        const auto modern = fixture.begin(fixture.modern(method, "")).json();
        CHECK(modern["result"][member].size() == 1);
        CHECK(modern["result"]["resultType"] == "complete");
        CHECK(modern["result"]["cacheScope"] == "private");
        for (const char* cursor : {R"("cursor":"nonsense",)", R"("cursor":5,)"}) {
            const auto& bad = fixture.begin(fixture.modern(method, cursor));
            CHECK(bad.status == 200);
            CHECK(bad.json()["error"]["code"] == -32602);
        }
    }
}

TEST_CASE("GET opens the standalone stream, and a newer one takes over") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& first = fixture.begin(fixture.get(id));
    CHECK(first.stream_type == "text/event-stream");
    CHECK(first.body == "id: 0-0\nretry: 3000\ndata: \n\n");
    auto& second = fixture.begin(fixture.get(id));
    CHECK(first.finished);
    fixture.notice("notifications/tools/list_changed");
    fixture.pass_gather_time();
    CHECK(first.body.find("list_changed") == std::string::npos);
    CHECK(second.body.find("id: 0-1\nevent: message\ndata: "
                           R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed"})") !=
          std::string::npos);
    const std::string older = fixture.start_session("2025-06-18");
    CHECK(fixture.begin(fixture.get(older)).body.empty());
}

TEST_CASE("GET and DELETE without a session, with an unknown one or a wrong Accept are refused") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    for (const char* method : {"GET", "DELETE"}) {
        HttpRequest request = fixture.get(id);
        request.method = method;
        CHECK(fixture.begin(with(request, "Mcp-Session-Id", std::string(32, '0'))).status == 404);
        const auto& without = fixture.begin(with(request, "Mcp-Session-Id", ""));
        CHECK(without.status == 405);
        CHECK(without.header("Allow") == "POST, GET, DELETE");
        CHECK(fixture.begin(with(request, "Authorization", "")).status == 401);
    }
    CHECK(fixture.begin(with(fixture.get(id), "Accept", "application/json")).status == 406);
    CHECK(fixture.begin(with(fixture.get(id), "Accept", "")).status == 406);
    CHECK(fixture.begin(with(fixture.get(id), "Accept", "text/event-stream")).status == 200);
    for (const char* method : {"PUT", "PATCH", "HEAD", "OPTIONS"}) {
        HttpRequest request = fixture.get(id);
        request.method = method;
        CHECK(fixture.begin(request).status == 405);
    }
}

TEST_CASE("a client that comes back to the standalone stream gets what it missed, once") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& first = fixture.begin(fixture.get(id));
    fixture.notice("notifications/tools/list_changed");
    fixture.pass_gather_time();
    fixture.hang_up(first);
    fixture.notice("notifications/prompts/list_changed");
    fixture.pass_gather_time();
    auto& resumed = fixture.begin(fixture.get(id, "0-1"));
    CHECK(resumed.body.find("tools/list_changed") == std::string::npos);
    CHECK(resumed.body.find("prompts/list_changed") != std::string::npos);
    fixture.hang_up(resumed);
    auto& replayed = fixture.begin(fixture.get(id, "0-0"));
    CHECK(count_of(replayed.body, "tools/list_changed") == 1);
    CHECK(count_of(replayed.body, "prompts/list_changed") == 1);
    fixture.hang_up(replayed);
    auto& fresh = fixture.begin(fixture.get(id));
    CHECK(fresh.body == "id: 0-2\nretry: 3000\ndata: \n\n");
    fixture.hang_up(fresh);
    auto& unknown = fixture.begin(fixture.get(id, "77-1"));
    CHECK(unknown.body == "id: 0-2\nretry: 3000\ndata: \n\n");
}

TEST_CASE("DELETE ends streams, and tells the connectors' side") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& stream = fixture.begin(fixture.get(id));
    auto ended = fixture.get(id);
    ended.method = "DELETE";
    CHECK(fixture.begin(ended).status == 204);
    CHECK(stream.finished);
    CHECK(fixture.directory.ended_sessions == std::vector<std::string>{id});
    CHECK(fixture.begin(fixture.of(id, ping)).status == 404);
    CHECK(fixture.begin(fixture.get(id)).status == 404);
}

TEST_CASE("what a client says of its own is accepted with 202, and unknown answers are counted") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    for (const char* body :
         {R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":9}})",
          R"({"jsonrpc":"2.0","method":"notifications/roots/list_changed"})",
          R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1}})",
          R"({"jsonrpc":"2.0","method":"notifications/whatever"})",
          R"({"jsonrpc":"2.0","id":5,"result":{}})",
          R"({"jsonrpc":"2.0","id":"y","error":{"code":-1,"message":"no"}})"}) {
        const auto& reply = fixture.begin(fixture.of(id, body));
        CHECK(reply.status == 202);
        CHECK(reply.body.empty());
    }
    CHECK(fixture.endpoint->stray_response_count() == 2);
    CHECK(fixture.directory.told_of_roots == std::vector<std::string>{id});
    CHECK(fixture.begin(fixture.post(R"({"jsonrpc":"2.0","id":5,"result":{}})")).status == 400);
    CHECK(fixture
              .begin(with(fixture.post(R"({"jsonrpc":"2.0","id":5,"result":{}})"),
                          "MCP-Protocol-Version", "2026-07-28"))
              .status == 400);
}

TEST_CASE("a stopped gateway ends the standalone streams") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& stream = fixture.begin(fixture.get(id));
    fixture.endpoint->stop();
    fixture.turn();
    CHECK(stream.finished);
}
