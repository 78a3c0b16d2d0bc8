// What is told of names that may belong to a connector that never started.
#include "fixture.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using gatehouse::gateway::testing::GatewayFixture;

namespace {

std::string tool_call(const std::string& name) {
    return R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" + name +
           R"(","arguments":{}}})";
}

void never_start(GatewayFixture& fixture) {
    fixture.directory.known = nullptr;
    fixture.directory.start_failure = Error{"GH-P305", "connector echo cannot start", "/bin/echo",
                                            "No such file or directory", "Correct its command"};
}

Json error_of(GatewayFixture& fixture, const std::string& body) {
    return fixture.run(fixture.in_session(body)).json()["error"];
}

Json last_record(const GatewayFixture& fixture) {
    const auto lines = tail_journal(fixture.folder / "journal", 1);
    return parse_json(lines.value().at(0)).value();
}

} // namespace

TEST_CASE("a tool of a connector that never started is answered with why it does not") {
    GatewayFixture fixture;
    never_start(fixture);
    const Json error = error_of(fixture, tool_call("echo_anything"));
    CHECK(error["code"] == -32000);
    CHECK(error["data"]["code"] == "GH-P305");
    CHECK(error["data"]["delivery"] == "never_sent");
    CHECK(error["message"].get<std::string>().find("Correct its command") != std::string::npos);
    const Json record = last_record(fixture);
    CHECK(record["kind"] == "denial");
    CHECK(record["reason"] == "GH-P305");
    CHECK(record["connector"] == "echo");
    CHECK(record["decision"] == "allow");
    const Json prompt = error_of(
        fixture,
        R"({"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"echo_greet"}})");
    CHECK(prompt["data"]["code"] == "GH-P305");
    CHECK(fixture.directory.calls.empty());
}

TEST_CASE("a modern client is told the same of a connector that never started") {
    GatewayFixture fixture;
    never_start(fixture);
    const auto reply =
        fixture.run(fixture.modern("tools/call", R"("name":"echo_x","arguments":{},)", "echo_x"));
    CHECK(reply.json()["error"]["data"]["code"] == "GH-P305");
    CHECK(reply.json()["error"]["data"]["delivery"] == "never_sent");
}

TEST_CASE("what policy denies of a connector that never started is as unknown as ever") {
    GatewayFixture fixture;
    never_start(fixture);
    for (const std::string name : {"echo_rm", "other_tool", "echo_", "echo"}) {
        CAPTURE(name);
        const Json error = error_of(fixture, tool_call(name));
        CHECK(error["code"] == -32602);
        CHECK(error["message"] == "Unknown tool: " + name);
        CHECK_FALSE(error.contains("data"));
        CHECK(last_record(fixture)["reason"] == "GH-N405");
    }
}

TEST_CASE("once the connector has started, a name it does not have is unknown again") {
    GatewayFixture fixture;
    const auto known = fixture.directory.known;
    never_start(fixture);
    CHECK(error_of(fixture, tool_call("echo_zz"))["data"]["code"] == "GH-P305");
    fixture.directory.start_failure.reset();
    fixture.directory.known = known;
    CHECK(error_of(fixture, tool_call("echo_zz"))["message"] == "Unknown tool: echo_zz");
}

TEST_CASE("a name outside the exposure's selection does not tell of the connector") {
    GatewayFixture fixture;
    ExposedConnector& exposed = fixture.config.virtual_servers[0].connectors[0];
    exposed.tools.allow = {"say*"};
    exposed.tools.rename = {{"say_hello", "greet"}};
    fixture.make_endpoint(1U << 20);
    never_start(fixture);
    CHECK(error_of(fixture, tool_call("echo_say_it"))["data"]["code"] == "GH-P305");
    CHECK(error_of(fixture, tool_call("echo_greet"))["data"]["code"] == "GH-P305");
    CHECK(error_of(fixture, tool_call("echo_say_hello"))["code"] == -32602);
    CHECK(error_of(fixture, tool_call("echo_delete"))["code"] == -32602);
}
