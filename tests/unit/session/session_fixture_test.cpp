// The session with a real connector of both eras: connectors/fixture, run by Python.
#include "tests/unit/session/session_stage.hpp"

#include "runtime/session/json_scan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace session_test;

namespace {

std::vector<std::string> fixture(std::vector<std::string> arguments) {
    std::vector<std::string> command = {"/usr/bin/python3",
                                        GH_SOURCE_DIR "/connectors/fixture/server.py"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

// False, with a printed reason, where there is no Python to run the fixture.
bool fixture_runs() {
    if (::access("/usr/bin/python3", X_OK) == 0) {
        return true;
    }
    WARN("skipped: no /usr/bin/python3");
    return false;
}

std::optional<Result<Catalogue>> seen;

Task<void> handshake(Stage& stage) {
    auto shaking = stage.session->handshake(15s);
    auto catalogue = co_await std::move(shaking);
    seen.emplace(std::move(catalogue));
}

std::shared_ptr<ConnectorCall> tool(const std::string& name, const std::string& arguments = "{}") {
    auto call = new_call("{\"name\":\"" + name + "\",\"arguments\":" + arguments + "}", 10s);
    auto caller = std::make_shared<Caller>();
    caller->capabilities = R"({"elicitation":{"form":{}},"sampling":{},"roots":{}})";
    caller->client_info = R"({"name":"tester","version":"1"})";
    call->caller = std::move(caller);
    return call;
}

// The text of a tool's first content.
std::string text_of(const CallReply& reply) {
    const auto literal = find_pointer(reply.body(), "/content/0/text");
    return literal ? string_value(*literal).value_or("") : "";
}

Task<void> talk(Stage& stage) {
    auto shaking = handshake(stage);
    co_await std::move(shaking);
    const Era era = seen->value().era;
    auto asking_who = stage.session->call(tool("whoami"));
    const CallReply who = co_await std::move(asking_who);
    CHECK(find_member(text_of(who), "era") == (era == Era::modern ? "\"modern\"" : "\"legacy\""));
    CHECK(find_pointer(text_of(who), "/clientInfo/name") ==
          (era == Era::modern ? "\"tester\"" : "\"gatehouse\""));

    static std::vector<std::string> progress;
    static std::vector<std::string> logs;
    progress.clear();
    logs.clear();
    auto sleeping = tool("sleep", "{\"ms\":100}");
    sleeping->on_progress = [](std::string_view params) { progress.emplace_back(params); };
    auto napping = stage.session->call(sleeping);
    const CallReply nap = co_await std::move(napping);
    CHECK(nap.end == CallEnd::result);
    CHECK(progress.size() == 2);

    auto logging = tool("log_and_wait");
    logging->log_level = "error";
    logging->on_log = [](std::string_view params) { logs.emplace_back(params); };
    auto waiting = stage.session->call(logging);
    const CallReply waited = co_await std::move(waiting);
    CHECK(waited.end == CallEnd::result);
    CHECK(logs.size() == 4); // error, critical, alert, emergency

    auto question = tool("ask");
    question->on_input = [](const std::shared_ptr<InputRequest>& request) {
        request->answer(R"({"action":"accept","content":{"answer":"42"}})");
    };
    auto asking = stage.session->call(question);
    const CallReply asked = co_await std::move(asking);
    CHECK(asked.end == CallEnd::result);
    CHECK(asked.era == era);
    if (era == Era::modern) {
        CHECK(find_member(asked.body(), "resultType") == "\"input_required\"");
    } else {
        CHECK(find_pointer(text_of(asked), "/content/answer") == "\"42\"");
    }

    auto watching = stage.session->watch_resource("test://watched-resource", 5s);
    const CallReply watched = co_await std::move(watching);
    CHECK(watched.end == CallEnd::result);
    auto touching = stage.session->call(tool("touch_resource"));
    const CallReply touched = co_await std::move(touching);
    CHECK(touched.end == CallEnd::result);
    auto changing = stage.session->call(tool("test_trigger_tool_change"));
    const CallReply changed = co_await std::move(changing);
    CHECK(changed.end == CallEnd::result);
    auto told = Stage::until(
        stage, [&stage] { return stage.notices.size() == 1 && stage.list_changes == 1; });
    co_await std::move(told);
    CHECK(stage.notices[0] ==
          R"(notifications/resources/updated {"uri":"test://watched-resource"})");
    CHECK(stage.changed_lists == std::vector<ListKind>{ListKind::tools});
    stage.session->unwatch_resource("test://watched-resource");
    auto pinging = stage.session->ping(5s);
    const bool alive = co_await std::move(pinging);
    CHECK(alive);
}

} // namespace

TEST_CASE("a real connector of each era is known for what it is and serves everything") {
    if (!fixture_runs()) {
        return;
    }
    for (const std::string era : {"dual", "modern", "legacy"}) {
        Stage stage;
        REQUIRE(stage.play_program(fixture({"--era", era, "--page-size", "7"}), talk));
        REQUIRE(seen->has_value());
        const Catalogue& catalogue = seen->value();
        CHECK(catalogue.era == (era == "legacy" ? Era::legacy : Era::modern));
        CHECK(catalogue.tools.size() > 20);
        CHECK_FALSE(catalogue.prompts.empty());
        CHECK_FALSE(catalogue.resources.empty());
        CHECK_FALSE(catalogue.resource_templates.empty());
        CHECK(find_member(catalogue.server_info, "name"));
        CHECK(stage.strays.empty());
        CHECK(stage.session->counters().unknown_ids == 0);
        CHECK(stage.session->counters().unattributed == 0);
    }
}

TEST_CASE(
    "a real connector that is known to be legacy is spoken to so, though it could be modern") {
    if (!fixture_runs()) {
        return;
    }
    SessionOptions options;
    options.known_era = Era::legacy;
    Stage stage;
    REQUIRE(stage.play_program(fixture({"--era", "dual"}), talk, options));
    REQUIRE(seen->has_value());
    CHECK(seen->value().era == Era::legacy);
    CHECK(seen->value().protocol_version == "2025-11-25");
}

TEST_CASE(
    "a real connector that exits on the probe, ignores it, or talks too early is understood") {
    if (!fixture_runs()) {
        return;
    }
    Stage exiting;
    REQUIRE(
        exiting.play_program(fixture({"--era", "legacy", "--quirk", "exit_on_probe"}), handshake));
    REQUIRE_FALSE(seen->has_value());
    CHECK(seen->error().code == "GH-P312");
    SessionOptions told;
    told.known_era = Era::legacy;
    Stage again;
    REQUIRE(again.play_program(fixture({"--era", "legacy", "--quirk", "exit_on_probe"}), handshake,
                               told));
    CHECK(seen->has_value());
    Stage early;
    REQUIRE(early.play_program(
        fixture({"--era", "legacy", "--quirk", "silent_probe", "--quirk", "list_changed_first"}),
        handshake));
    CHECK(seen->has_value());
    CHECK(early.list_changes == 1);
}
