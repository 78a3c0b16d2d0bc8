#include "tests/unit/pipeline/fixture.hpp"

#include <type_traits>

using namespace gatehouse;
using namespace gatehouse::gateway;
using gatehouse::gateway::testing::GatewayFixture;

// Skipping a stage must not compile: none of these can be made from what comes before it by anyone
// but its stage.
static_assert(!std::is_constructible_v<CheckedRequest, const HttpRequest&>);
static_assert(!std::is_constructible_v<AuthenticatedRequest, const CheckedRequest&, Principal>);
static_assert(!std::is_constructible_v<RoutedRequest, AuthenticatedRequest, VirtualServer&>);
static_assert(!std::is_constructible_v<AuthorizedCall, McpCall, std::string>);
static_assert(!std::is_constructible_v<CredentialedCall, AuthorizedCall, std::string>);
static_assert(!std::is_constructible_v<JournaledCall, CredentialedCall>);
static_assert(!std::is_default_constructible_v<JournaledCall>);

namespace {

void set_header(HttpRequest& request, const std::string& name, const std::string& value) {
    for (auto& header : request.headers) {
        if (header.first == name) {
            header.second = value;
        }
    }
}

std::string call_text(const std::string& tool, const std::string& arguments) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" + tool +
           R"(","arguments":)" + arguments + "}}";
}

std::vector<std::string> journal_lines(const GatewayFixture& fixture) {
    const auto lines = tail_journal(fixture.folder / "journal", 100);
    REQUIRE(lines.has_value());
    return *lines;
}

} // namespace

TEST_CASE(
    "without a token, with a wrong one, from a foreign host or origin the body is never reached") {
    GatewayFixture fixture;
    auto no_token = fixture.post("not json");
    no_token.headers.erase(no_token.headers.begin() + 1);
    auto refused = fixture.run(no_token);
    CHECK(refused.status == 401);
    CHECK(refused.header("WWW-Authenticate") == R"(Bearer realm="gatehouse")");

    auto wrong_token = fixture.post("{}");
    set_header(wrong_token, "Authorization", "Bearer " + fixture.token + "x");
    CHECK(fixture.run(wrong_token).status == 401);

    auto foreign_host = fixture.post("{}");
    set_header(foreign_host, "Host", "evil.example");
    CHECK(fixture.run(foreign_host).status == 403);

    auto foreign_origin = fixture.post("{}");
    foreign_origin.headers.emplace_back("Origin", "https://evil.example");
    CHECK(fixture.run(foreign_origin).status == 403);
    CHECK(fixture.directory.calls.empty());
}

TEST_CASE("a virtual server outside the principal's audience looks like one that does not exist") {
    GatewayFixture fixture;
    auto outside = fixture.post("{}");
    set_header(outside, "Authorization", "Bearer " + fixture.other_token);
    auto unknown = fixture.post("{}");
    unknown.target = "/v/demo2/mcp";
    const auto first = fixture.run(outside);
    const auto second = fixture.run(unknown);
    CHECK(first.status == 404);
    CHECK(second.status == 404);
    CHECK(first.json()["code"] == second.json()["code"]);
}

TEST_CASE("initialize starts a session of the asked revision and never accepts 2026-07-28") {
    GatewayFixture fixture;
    const auto ask = [&](const std::string& version) {
        return fixture
            .run(fixture.post(
                R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" +
                version + R"(","capabilities":{}}})"))
            .json()["result"]["protocolVersion"]
            .get<std::string>();
    };
    CHECK(ask("2025-06-18") == "2025-06-18");
    CHECK(ask("2025-11-25") == "2025-11-25");
    CHECK(ask("2026-07-28") == "2025-11-25");
}

TEST_CASE("a legacy request needs a session of its own principal") {
    GatewayFixture fixture;
    const std::string ping = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
    CHECK(fixture.run(fixture.post(ping)).status == 400);
    auto unknown = fixture.post(ping);
    unknown.headers.emplace_back("Mcp-Session-Id", std::string(32, '0'));
    CHECK(fixture.run(unknown).status == 404);
    CHECK(fixture.run(fixture.in_session(ping)).json()["result"] == Json::object());
    auto ended = fixture.in_session("");
    ended.method = "DELETE";
    CHECK(fixture.run(ended).status == 204);
    CHECK(fixture.run(fixture.in_session(ping)).status == 404);
}

TEST_CASE("tools/list shows the exposed names and hides what policy denies") {
    GatewayFixture fixture;
    const auto listed =
        fixture.run(fixture.in_session(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})")).json();
    REQUIRE(listed["result"]["tools"].size() == 1);
    CHECK(listed["result"]["tools"][0]["name"] == "echo_echo");
}

TEST_CASE("an allowed call is journalled before and after, under the connector's own tool name") {
    GatewayFixture fixture;
    const auto reply = fixture.run(fixture.in_session(call_text("echo_echo", R"({"text":"hi"})")));
    CHECK(reply.body == R"({"jsonrpc":"2.0","id":1,"result":{"content":[]}})");
    REQUIRE(fixture.directory.calls.size() == 1);
    CHECK(fixture.directory.calls[0] == R"({"name":"echo","arguments":{"text":"hi"}})");
    const auto lines = journal_lines(fixture);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].find(R"("kind":"intent")") != std::string::npos);
    CHECK(lines[1].find(R"("kind":"outcome")") != std::string::npos);
    CHECK(lines[0].find("agent:ci") != std::string::npos);
}

TEST_CASE("a denied tool answers exactly as an unknown one, and never reaches the connector") {
    GatewayFixture fixture;
    const auto denied = fixture.run(fixture.in_session(call_text("echo_rm", "{}"))).json();
    const auto unknown = fixture.run(fixture.in_session(call_text("echo_zz", "{}"))).json();
    CHECK(denied["error"]["code"] == -32602);
    CHECK(unknown["error"]["code"] == -32602);
    CHECK(denied["error"]["message"] == "Unknown tool: echo_rm");
    CHECK(unknown["error"]["message"] == "Unknown tool: echo_zz");
    CHECK(fixture.directory.calls.empty());
    CHECK(journal_lines(fixture).size() == 2);
}

TEST_CASE("wrong argument types come back as a tool error that names the pointer") {
    GatewayFixture fixture;
    const auto reply =
        fixture.run(fixture.in_session(call_text("echo_echo", R"({"text":5})"))).json();
    CHECK(reply["result"]["isError"] == true);
    CHECK(reply["result"]["content"][0]["text"].get<std::string>().find("/text") !=
          std::string::npos);
    CHECK(fixture.directory.calls.empty());
}

TEST_CASE("a missing secret refuses the call and says which command sets it") {
    GatewayFixture fixture;
    fixture.directory.secrets = {SecretName("key")};
    const auto reply = fixture.run(fixture.in_session(call_text("echo_echo", "{}"))).json();
    CHECK(reply["error"]["data"]["code"] == "GH-A102");
    CHECK(reply["error"]["message"].get<std::string>().find("gatehouse secret set key") !=
          std::string::npos);
    CHECK(fixture.directory.calls.empty());
}

TEST_CASE("a call whose connector died says whether it may have run") {
    GatewayFixture fixture;
    fixture.directory.next_end = runtime::CallEnd::may_have_run;
    const auto reply = fixture.run(fixture.in_session(call_text("echo_echo", "{}"))).json();
    CHECK(reply["error"]["data"]["delivery"] == "may_have_run");
    CHECK(reply["error"]["data"]["code"] == "GH-P301");
}

TEST_CASE("a call with a progress token is answered by a stream with the client's own token") {
    GatewayFixture fixture;
    const auto reply = fixture.run(fixture.in_session(
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo_echo","arguments":{},)"
        R"("_meta":{"progressToken":"mine","x":1}}})"));
    CHECK(reply.stream_type == "text/event-stream");
    CHECK(reply.finished);
    CHECK(reply.body.find(R"("progressToken":"mine","progress":1)") != std::string::npos);
    CHECK(reply.body.find("77") == std::string::npos);
    CHECK(reply.body.find(R"(data: {"jsonrpc":"2.0","id":1,"result":)") != std::string::npos);
    CHECK(fixture.directory.calls.at(0) == R"({"name":"echo","arguments":{},"_meta":{"x":1}})");
}

TEST_CASE("a modern call passes its header checks and its result carries resultType") {
    GatewayFixture fixture;
    auto good = fixture.modern("tools/call", R"("name":"echo_echo","arguments":{"text":"a"},)",
                               "echo_echo");
    good.headers.emplace_back("Mcp-Param-Text", "=?base64?YQ==?=");
    const auto reply = fixture.run(good);
    CHECK(reply.status == 200);
    CHECK(reply.json()["result"]["resultType"] == "complete");
    CHECK(fixture.directory.calls.at(0) == R"({"name":"echo","arguments":{"text":"a"}})");
}

TEST_CASE("a modern request whose headers differ from its body is refused with -32020") {
    GatewayFixture fixture;
    const std::string params = R"("name":"echo_echo","arguments":{"text":"a"},)";
    const auto code = [&](HttpRequest request) {
        const auto reply = fixture.run(std::move(request));
        CHECK(reply.status == 400);
        CHECK(reply.json()["id"] == "m");
        return reply.json()["error"]["code"].get<int>();
    };
    CHECK(code(fixture.modern("tools/call", params)) == -32020);
    CHECK(code(fixture.modern("tools/call", params, "other")) == -32020);
    CHECK(code(fixture.modern("tools/call", params, "echo_echo")) == -32020);
    auto method = fixture.modern("tools/list", "");
    set_header(method, "mcp-method", "tools/call");
    CHECK(code(method) == -32020);
    auto version = fixture.modern("tools/list", "");
    set_header(version, "MCP-Protocol-Version", "2025-11-25");
    CHECK(code(version) == -32020);
    CHECK(fixture.directory.calls.empty());
}

TEST_CASE("server/discover names the version, and an unknown modern method is 404") {
    GatewayFixture fixture;
    const auto discovered = fixture.run(fixture.modern("server/discover", "")).json();
    CHECK(discovered["result"]["supportedVersions"][0] == "2026-07-28");
    CHECK(discovered["result"]["resultType"] == "complete");
    const auto unknown = fixture.run(fixture.modern("ping", ""));
    CHECK(unknown.status == 404);
    CHECK(unknown.json()["error"]["code"] == -32601);
}

TEST_CASE("bad bodies are refused with the JSON-RPC code that fits") {
    GatewayFixture fixture;
    CHECK(fixture.run(fixture.post("{oops")).json()["error"]["code"] == -32700);
    CHECK(fixture.run(fixture.post("[]")).json()["error"]["code"] == -32600);
    CHECK(fixture.run(fixture.post(R"({"id":1,"method":"ping"})")).json()["error"]["code"] ==
          -32600);
    CHECK(fixture.run(fixture.post(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"ping"})")).status ==
          400);
}

TEST_CASE(
    "calls beyond the bytes that may be in flight are refused, and room comes back with each end") {
    GatewayFixture fixture;
    const std::string small = call_text("echo_echo", R"({"text":"a"})");
    const std::string large =
        call_text("echo_echo", R"({"text":")" + std::string(200, 'a') + "\"}");
    fixture.make_endpoint(200);
    const auto refused = fixture.run(fixture.in_session(large));
    CHECK(refused.status == 503);
    CHECK(refused.json()["error"]["data"]["code"] == "GH-R706");
    for (int i = 0; i < 5; ++i) {
        CHECK(fixture.run(fixture.in_session(small)).status == 200);
    }
    CHECK(fixture.directory.calls.size() == 5);
}
