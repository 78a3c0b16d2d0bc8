#include "tests/unit/pipeline/streams_fixture.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

const std::string list_tools = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";

ExposedConnector& exposed_of(GatewayConfig& config) {
    return config.virtual_servers.front().connectors.front();
}

Result<ToolCallAnswer> call_tool(GatewayFixture& fixture, ToolCallRequest request) {
    std::optional<Result<ToolCallAnswer>> answer;
    TaskGroup tasks(fixture.loop.get_executor());
    const auto work = [](ToolCaller& caller, ToolCallRequest asked,
                         std::optional<Result<ToolCallAnswer>>& out) -> Task<void> {
        auto calling = caller.call(std::move(asked));
        out.emplace(co_await std::move(calling));
    };
    tasks.spawn("call", work(fixture.endpoint->tool_caller(), std::move(request), answer));
    fixture.loop.restart();
    while (tasks.running_count() > 0 && fixture.loop.run_one() > 0) {
    }
    REQUIRE(answer.has_value());
    return std::move(*answer);
}

ToolCallRequest tool_call(std::string tool, std::string as_agent = {}) {
    ToolCallRequest request;
    request.connector = "echo";
    request.tool = std::move(tool);
    request.arguments = R"({"text":"x"})";
    request.as_agent = std::move(as_agent);
    request.peer = "uid:7";
    return request;
}

std::string newest_record(const GatewayFixture& fixture) {
    const auto lines = tail_journal(fixture.folder / "journal", 1);
    REQUIRE(lines.has_value());
    REQUIRE(lines->size() == 1);
    return lines->front();
}

} // namespace

TEST_CASE("a changed virtual server goes on with its sessions by its new configuration") {
    GatewayFixture fixture;
    CHECK(fixture.run(fixture.in_session(list_tools)).body.find("echo_echo") != std::string::npos);
    GatewayConfig next = fixture.config;
    exposed_of(next).prefix = "x_";
    const auto changes = fixture.endpoint->reconfigure(next);
    CHECK(changes.changed == std::vector<std::string>{"demo"});
    CHECK(changes.added.empty());
    CHECK(changes.removed.empty());
    const auto after = fixture.run(fixture.in_session(list_tools));
    CHECK(after.status == 200);
    CHECK(after.body.find("x_echo") != std::string::npos);
    CHECK(after.body.find("echo_echo") == std::string::npos);
    CHECK_FALSE(fixture.endpoint->reconfigure(next).any());
}

TEST_CASE("a removed virtual server ends its sessions and is not found any more") {
    GatewayFixture fixture;
    CHECK(fixture.run(fixture.in_session(list_tools)).status == 200);
    GatewayConfig next = fixture.config;
    next.virtual_servers.clear();
    CHECK(fixture.endpoint->reconfigure(next).removed == std::vector<std::string>{"demo"});
    CHECK(fixture.endpoint->session_count() == 0);
    CHECK(fixture.run(fixture.in_session(list_tools)).status == 404);
    CHECK(fixture.endpoint->reconfigure(fixture.config).added == std::vector<std::string>{"demo"});
    const auto forgotten = fixture.run(fixture.in_session(list_tools));
    CHECK(forgotten.status == 404);
    CHECK(forgotten.body.find("Session not found") != std::string::npos);
}

TEST_CASE("who leaves the audience loses the session, who stays keeps it") {
    GatewayFixture fixture;
    GatewayConfig next = fixture.config;
    next.virtual_servers.front().audience.agents = {"ci", "stranger"};
    fixture.endpoint->reconfigure(next);
    CHECK(fixture.run(fixture.in_session(list_tools)).status == 200);
    next.virtual_servers.front().audience.agents = {"stranger"};
    fixture.endpoint->reconfigure(next);
    CHECK(fixture.endpoint->session_count() == 0);
    CHECK(fixture.run(fixture.in_session(list_tools)).status == 404);
}

TEST_CASE("of a removed agent no session and no stream stays open") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& stream = fixture.begin(fixture.get(id));
    auto& listener = fixture.begin(
        fixture.modern("subscriptions/listen", R"("notifications":{"toolsListChanged":true},)"));
    fixture.endpoint->end_agent(PrincipalId("agent:stranger"));
    fixture.turn();
    CHECK_FALSE(stream.finished);
    CHECK_FALSE(listener.finished);
    fixture.endpoint->end_agent(PrincipalId("agent:ci"));
    fixture.turn();
    CHECK(stream.finished);
    CHECK(listener.finished);
    CHECK(fixture.endpoint->session_count() == 0);
}

TEST_CASE("clients of both eras are told once that all lists may differ") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& stream = fixture.begin(fixture.get(id));
    auto& listener = fixture.begin(
        fixture.modern("subscriptions/listen", R"("notifications":{"toolsListChanged":true},)"));
    fixture.endpoint->tell_lists_changed();
    fixture.pass_gather_time();
    for (const char* list : {"tools/list_changed", "prompts/list_changed"}) {
        CHECK(count_of(stream.body, list) == 1);
    }
    CHECK(count_of(listener.body, "tools/list_changed") == 1);
    CHECK(count_of(listener.body, "prompts/list_changed") == 0);
}

TEST_CASE("an operator's call passes policy and journal under the operator's own name") {
    GatewayFixture fixture;
    const auto answer = call_tool(fixture, tool_call("echo"));
    REQUIRE(answer.has_value());
    CHECK(answer->result == R"({"content":[]})");
    CHECK(answer->call.value > 0);
    CHECK(newest_record(fixture).find(R"("outcome":"result")") != std::string::npos);
    CHECK(newest_record(fixture).find("operator:uid:7") != std::string::npos);
    const auto denied = call_tool(fixture, tool_call("rm"));
    REQUIRE_FALSE(denied.has_value());
    CHECK(denied.error().code == "GH-N406");
    CHECK(newest_record(fixture).find("no-rm") != std::string::npos);
    CHECK(fixture.directory.calls.size() == 1);
}

TEST_CASE("a call as an agent goes only where the agent may go") {
    GatewayFixture fixture;
    CHECK(call_tool(fixture, tool_call("echo", "ci")).has_value());
    CHECK(newest_record(fixture).find("agent:ci") != std::string::npos);
    CHECK(call_tool(fixture, tool_call("echo", "stranger")).error().code == "GH-N404");
    CHECK(call_tool(fixture, tool_call("echo", "nobody")).error().code == "GH-N404");
    CHECK(call_tool(fixture, tool_call("nothing", "ci")).error().code == "GH-N405");
    CHECK(call_tool(fixture, tool_call("nothing")).error().code == "GH-N404");
    CHECK(fixture.directory.calls.size() == 1);
}
