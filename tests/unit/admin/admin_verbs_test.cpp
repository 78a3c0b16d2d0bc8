#include "tests/unit/admin/admin_fixture.hpp"

using namespace admin_test;

namespace {

// Answers with the request it got.
class EchoCaller final : public ToolCaller {
  public:
    Task<Result<ToolCallAnswer>> call(ToolCallRequest request) override {
        if (request.tool == "denied") {
            co_return Error{"GH-N406", "the call is denied by policy", request.tool, "", ""};
        }
        ToolCallAnswer answer;
        answer.call = CallId{7};
        answer.result = R"({"content":[{"type":"text","text":")" + request.connector + "/" +
                        request.tool + " as " + request.as_agent + R"("}],"structuredContent":)" +
                        request.arguments + "}";
        co_return answer;
    }
};

class FixedReloader final : public Reloader {
  public:
    Task<Result<ReloadReport>> reload() override {
        if (failure) {
            co_return *failure;
        }
        ReloadReport report;
        report.added = {"new"};
        report.unchanged = {"echo", "notes"};
        report.notes = {"listen.client needs a restart"};
        co_return report;
    }
    std::optional<Error> failure;
};

} // namespace

TEST_CASE("what this daemon cannot do says so and is 501") {
    AdminFixture fixture;
    CHECK(fixture.refusal("POST", "reload") == "GH-N501");
    CHECK(fixture.refusal("POST", "connectors/notes/call", R"({"tool":"a"})") == "GH-N501");
    CHECK(fixture.refusal("GET", "events") == "GH-N501");
}

TEST_CASE("wake answers with the status and is journalled") {
    AdminFixture fixture;
    const auto woken = fixture.ask("POST", "connectors/notes/wake");
    REQUIRE(woken);
    CHECK(woken.value()["health"] == "healthy");
    CHECK(woken.value()["in_flight_before"] == 0);
    CHECK(fixture.journal_lines().at(0).find("connector.wake") != std::string::npos);
}

TEST_CASE("a tool call hands over its arguments as they were, and the result as it is") {
    EchoCaller caller;
    AdminFixture fixture(nullptr, &caller);
    const auto answer =
        fixture.ask("POST", "connectors/notes/call",
                    R"({"tool":"add","arguments":{"n":12345678901234567890},"as":"ci"})");
    REQUIRE(answer);
    CHECK(answer.value()["call"] == 7);
    CHECK(answer.value()["result"]["content"][0]["text"] == "notes/add as ci");
    CHECK(answer.value()["result"]["structuredContent"]["n"] == 12345678901234567890ULL);
    CHECK(fixture.refusal("POST", "connectors/notes/call", R"({"tool":"denied"})") == "GH-N406");
    CHECK(fixture.refusal("POST", "connectors/nope/call", R"({"tool":"add"})") == "GH-N404");
}

TEST_CASE("a request for a tool call that is none is refused") {
    EchoCaller caller;
    AdminFixture fixture(nullptr, &caller);
    for (const char* body :
         {"[]", "{}", R"({"tool":5})", R"({"tool":"a","arguments":[]})", R"({"tool":"a","x":1})",
          R"({"tool":""})", R"({"tool":"a","as":"b c"})"}) {
        CHECK(fixture.refusal("POST", "connectors/notes/call", body) == "GH-N400");
    }
    CHECK(fixture.refusal("POST", "connectors/notes/call", "{") == "GH-M403");
}

TEST_CASE("reload tells what became of each connector; a refused configuration is journalled") {
    FixedReloader reloader;
    AdminFixture fixture(&reloader, nullptr);
    const auto report = fixture.ask("POST", "reload");
    REQUIRE(report);
    CHECK(report.value()["added"][0] == "new");
    CHECK(report.value()["removed"].empty());
    CHECK(report.value()["notes"].size() == 1);
    fixture.on_loop([&] { reloader.failure = Error{"GH-C501", "bad", "", "", ""}; });
    CHECK(fixture.refusal("POST", "reload") == "GH-C501");
    REQUIRE(fixture.ask("GET", "status")); // gives the late record its turn
    CHECK(fixture.journal_lines().back().find("GH-C501") != std::string::npos);
}

TEST_CASE("tools are the connector's definitions; a connector that never started has none yet") {
    AdminFixture fixture;
    const auto none = fixture.ask("GET", "connectors/notes/tools");
    REQUIRE(none);
    CHECK(none.value()["tools"].is_null());
    fixture.on_loop([&] {
        auto catalogue = std::make_shared<runtime::Catalogue>();
        catalogue->tools = {{"add", R"({"name":"add","inputSchema":{"type":"object"}})"}};
        fixture.connectors.offered = catalogue;
    });
    const auto tools = fixture.ask("GET", "connectors/notes/tools");
    REQUIRE(tools);
    CHECK(tools.value()["tools"][0]["inputSchema"]["type"] == "object");
}

TEST_CASE("crashes are shown with what each caller was told") {
    AdminFixture fixture;
    fixture.on_loop([&] {
        runtime::CrashRecord crash;
        crash.connector = "notes";
        crash.cause = Error{"GH-P302", "killed", "", "", ""};
        crash.calls = {{CallId{3}, "tools/call", "add", std::chrono::milliseconds(5), "retried"}};
        crash.last_lines = {"boom"};
        fixture.connectors.crash_records = {crash};
    });
    const auto crashes = fixture.ask("GET", "connectors/notes/crashes");
    REQUIRE(crashes);
    CHECK(crashes.value()["crashes"][0]["calls"][0]["told"] == "retried");
    CHECK(crashes.value()["crashes"][0]["last_lines"][0] == "boom");
    CHECK(fixture.refusal("GET", "connectors/nope/crashes") == "GH-N404");
}

TEST_CASE("events are read by cursor, filtered, and followed") {
    AdminFixture fixture;
    fixture.keep_events();
    const auto append = [&](const std::string& connector, runtime::EventKind kind) {
        fixture.on_loop([&] {
            runtime::Event event;
            event.connector = connector;
            event.kind = kind;
            event.from = "healthy";
            event.to = "crash_loop";
            event.cause = Error{"GH-P301", "it exits", "", "", ""};
            fixture.connectors.event_log->append(event);
        });
    };
    append("notes", runtime::EventKind::health);
    append("echo", runtime::EventKind::exit);
    append("notes", runtime::EventKind::exit);
    const auto all = fixture.ask("GET", "events");
    REQUIRE(all);
    REQUIRE(all.value()["events"].size() == 3);
    CHECK(all.value()["events"][0]["to"] == "crash_loop");
    CHECK(all.value()["events"][0]["cause"]["code"] == "GH-P301");
    CHECK(fixture.ask("GET", "events?connector=notes").value()["events"].size() == 2);
    CHECK(fixture.ask("GET", "events?kind=exit&n=1").value()["events"][0]["seq"] == 3);
    const auto first = fixture.ask("GET", "events?after=0&n=1");
    CHECK(first.value()["more"] == true);
    CHECK(first.value()["next"] == 1);

    struct Reader final : FollowReader {
        bool on_event(std::string_view, std::string_view) override { return ++count < 4; }
        bool on_sign() override {
            if (count == 3 && !told) {
                told = true;
                on_third();
            }
            return true;
        }
        int count = 0;
        bool told = false;
        std::function<void()> on_third;
    } reader;
    reader.on_third = [&] { append("echo", runtime::EventKind::restart); };
    std::string cursor;
    REQUIRE(fixture.client.follow("/api/v1/events?follow=true", cursor, reader));
    CHECK(reader.count == 4);
    CHECK(cursor == "4");
}

TEST_CASE("the doctor tells what is not as it should be, and what to do") {
    AdminFixture fixture;
    const auto checks = fixture.ask("GET", "doctor");
    REQUIRE(checks);
    bool data_seen = false;
    for (const Json& check : checks.value()["checks"]) {
        data_seen |= check["name"] == "data folder";
        CHECK((check["state"] == "ok" || !check["action"].get<std::string>().empty()));
    }
    CHECK(data_seen);
}

TEST_CASE("a cause code is explained; an unknown one is 404") {
    AdminFixture fixture;
    const auto entry = fixture.ask("GET", "explain/GH-P303");
    REQUIRE(entry);
    CHECK_FALSE(entry.value()["action"].get<std::string>().empty());
    CHECK(fixture.refusal("GET", "explain/GH-X999") == "GH-N404");
}
