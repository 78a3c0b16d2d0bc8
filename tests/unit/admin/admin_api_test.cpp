#include "tests/unit/admin/admin_fixture.hpp"

using namespace admin_test;

namespace {

bool any_line_has(const std::vector<std::string>& lines, std::string_view text) {
    for (const std::string& line : lines) {
        if (line.find(text) != std::string::npos) {
            return true;
        }
    }
    return false;
}

} // namespace

TEST_CASE("status tells version, uptime, mode, endpoint and what the connectors are") {
    AdminFixture fixture;
    const auto status = fixture.ask("GET", "status");
    REQUIRE(status);
    const Json& json = status.value();
    CHECK(json["version"] == GATEHOUSE_VERSION);
    CHECK(json["pid"] == ::getpid());
    CHECK(json["uptime_s"].is_number_unsigned());
    CHECK(json["mode"][0] == "user: user namespaces");
    CHECK(json["virtual_servers"][0]["url"] == "http://127.0.0.1:8080/v/demo/mcp");
    CHECK(json["connectors_by_health"]["idle"] == 2);
}

TEST_CASE("connectors are listed and shown with the names of the status snapshot") {
    AdminFixture fixture;
    const auto list = fixture.ask("GET", "connectors");
    REQUIRE(list);
    REQUIRE(list.value()["connectors"].size() == 2);
    const auto one = fixture.ask("GET", "connectors/notes");
    REQUIRE(one);
    Json in_list = one.value();
    CHECK(in_list["evidence"].is_object());
    in_list.erase("evidence"); // which is too large for a list
    CHECK(in_list == list.value()["connectors"][1]);
    CHECK(one.value()["since"] == "2023-11-14T22:13:20.000000Z");
    CHECK(one.value()["tool_count"].is_null());
    CHECK(one.value()["cause"].is_null());
}

TEST_CASE("start, stop and restart answer with the new status and are journalled with the uid") {
    AdminFixture fixture;
    const auto started = fixture.ask("POST", "connectors/notes/start");
    REQUIRE(started);
    CHECK(started.value()["health"] == "healthy");
    REQUIRE(fixture.ask("POST", "connectors/notes/stop"));
    REQUIRE(fixture.ask("POST", "connectors/notes/restart"));
    const auto lines = fixture.journal_lines();
    REQUIRE(lines.size() == 3);
    CHECK(any_line_has(lines, "\"action\":\"connector.stop\""));
    CHECK(any_line_has(lines, "\"principal\":\"uid:" + std::to_string(::getuid()) + "\""));
    CHECK(any_line_has(lines, "\"target\":\"notes\""));
}

TEST_CASE("a start that fails says why, and the journal has the attempt and the failure") {
    AdminFixture fixture;
    fixture.on_loop([&] {
        fixture.connectors.fail_with(Error{"GH-P305", "cannot start", "/app/server",
                                           "Exec format error", "Check run.command"});
    });
    const auto answer = fixture.ask("POST", "connectors/notes/start");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == "GH-P305");
    CHECK(answer.error().where == "/app/server");
    CHECK(answer.error().why == "Exec format error");
    CHECK(answer.error().action == "Check run.command");
    REQUIRE(fixture.ask("GET", "status")); // gives the late record its turn
    const auto lines = fixture.journal_lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].find("\"outcome\":\"failed\"") != std::string::npos);
    CHECK(lines[1].find("GH-P305") != std::string::npos);
}

TEST_CASE("what is not there is 404, a wrong method 405, and neither is journalled") {
    AdminFixture fixture;
    CHECK(fixture.refusal("GET", "connectors/nope") == "GH-N404");
    CHECK(fixture.refusal("POST", "connectors/nope/start") == "GH-N404");
    CHECK(fixture.refusal("GET", "connectors/nope/logs") == "GH-N404");
    CHECK(fixture.refusal("GET", "connectors/nope/logs?follow=true") == "GH-N404");
    CHECK(fixture.refusal("DELETE", "agents/nope") == "GH-N404");
    CHECK(fixture.refusal("DELETE", "secrets/nope") == "GH-N404");
    CHECK(fixture.refusal("GET", "nothing") == "GH-N404");
    CHECK(fixture.refusal("DELETE", "connectors/notes") == "GH-N405");
    CHECK(fixture.refusal("GET", "connectors/..%2f") == "GH-N400");
    CHECK(fixture.journal_lines().empty());
}

TEST_CASE("an agent's token is shown once, works, and ends with the agent") {
    AdminFixture fixture;
    const auto created = fixture.ask("POST", "agents", R"({"name":"ci"})");
    REQUIRE(created);
    const auto token = created.value()["token"].get<std::string>();
    CHECK(token.starts_with("gth_"));
    fixture.on_loop([&] { CHECK(fixture.agents().authenticate("Bearer " + token)); });
    CHECK(fixture.refusal("POST", "agents", R"({"name":"ci"})") == "GH-A111");

    const auto list = fixture.ask("GET", "agents");
    REQUIRE(list);
    CHECK(list.value()["agents"][0]["name"] == "ci");
    CHECK(dump_json(list.value()).find(token) == std::string::npos);
    CHECK_FALSE(any_line_has(fixture.journal_lines(), token));

    REQUIRE(fixture.ask("DELETE", "agents/ci"));
    fixture.on_loop([&] { CHECK(fixture.ended_agents == std::vector<std::string>{"agent:ci"}); });
    fixture.on_loop([&] { CHECK_FALSE(fixture.agents().authenticate("Bearer " + token)); });
    CHECK(any_line_has(fixture.journal_lines(), "agent.remove"));
}

TEST_CASE("a request for an agent that is none is refused before the journal") {
    AdminFixture fixture;
    CHECK(fixture.refusal("POST", "agents", "not json") == "GH-M403");
    CHECK(fixture.refusal("POST", "agents", "{}") == "GH-N400");
    CHECK(fixture.refusal("POST", "agents", R"({"name":"a","role":"x"})") == "GH-N400");
    CHECK(fixture.refusal("POST", "agents", R"({"name":5})") == "GH-N400");
    CHECK(fixture.refusal("POST", "agents", R"({"name":"a b"})") == "GH-A110");
    CHECK(fixture.journal_lines().empty());
}

TEST_CASE("a secret is stored as its raw bytes, connectors hear of it, nothing repeats the value") {
    AdminFixture fixture;
    const std::string value = "s3cr\"et\nvalue-\xff";
    const auto unusable = fixture.ask("PUT", "secrets/api-key", std::string("a\0b", 3));
    CHECK(unusable.error().code == "GH-A109");
    const auto set = fixture.ask("PUT", "secrets/api-key", value);
    REQUIRE(set);
    CHECK(set.value()["name"] == "api-key");
    CHECK(set.value()["version"] == 1);
    fixture.on_loop([&] {
        const auto kept = fixture.vault().shared_secret(SecretName("api-key"));
        REQUIRE(kept);
        CHECK(kept.value().equals(value));
        CHECK(fixture.connectors.changed_secrets == std::vector<std::string>{"api-key"});
    });
    const auto list = fixture.ask("GET", "secrets");
    REQUIRE(list);
    CHECK(list.value()["secrets"].size() == 1);
    CHECK_FALSE(any_line_has(fixture.journal_lines(), "s3cr"));
    CHECK(any_line_has(fixture.journal_lines(), "\"target\":\"api-key\""));

    REQUIRE(fixture.ask("DELETE", "secrets/api-key"));
    fixture.on_loop([&] {
        CHECK_FALSE(fixture.vault().shared_secret(SecretName("api-key")));
        CHECK(fixture.connectors.changed_secrets.size() == 2);
    });
}

TEST_CASE("a page of the log has the newest lines, or those after a cursor") {
    AdminFixture fixture;
    fixture.on_loop([&] {
        auto log = fixture.connectors.log(ConnectorName("notes"));
        REQUIRE(log);
        for (int i = 1; i <= 5; ++i) {
            log.value()->append(runtime::LogStream::standard_error, runtime::LogContext{},
                                "line " + std::to_string(i));
        }
    });
    const auto newest = fixture.ask("GET", "connectors/notes/logs?n=2");
    REQUIRE(newest);
    REQUIRE(newest.value()["records"].size() == 2);
    CHECK(newest.value()["records"][1]["text"] == "line 5");
    CHECK(newest.value()["records"][1]["stream"] == "stderr");
    CHECK(newest.value()["last_seq"] == 5);
    const auto after = fixture.ask("GET", "connectors/notes/logs?after=3");
    REQUIRE(after);
    CHECK(after.value()["records"][0]["text"] == "line 4");
    CHECK(fixture.refusal("GET", "connectors/notes/logs?n=0") == "GH-N400");
    CHECK(fixture.refusal("GET", "connectors/notes/logs?since=x") == "GH-N400");
    CHECK(fixture.refusal("GET", "connectors/notes/logs?grep=%28") == "GH-C532");
    const auto found = fixture.ask("GET", "connectors/notes/logs?grep=line+%5B24%5D");
    REQUIRE(found);
    REQUIRE(found.value()["records"].size() == 2);
    CHECK(found.value()["records"][0]["text"] == "line 2");
}
