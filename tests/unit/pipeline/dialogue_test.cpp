// What is said before the answer: to legacy clients by legacy connectors, and to both of logs and
// progress.
#include "tests/unit/pipeline/dialogue_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

const std::string call_echo = R"({"name":"echo_echo","arguments":{}})";
const std::string call_echo_modern = R"("name":"echo_echo","arguments":{},)";
const std::string form_params =
    R"({ "mode":"form","message":"Wer?","requestedSchema":{"type":"object","properties":)"
    R"({"name":{"type":"string","default":"J\u00fcrgen"},"b":{"enum":["x", "y"]}}}})";
constexpr auto short_silence = std::chrono::milliseconds(30);

} // namespace

TEST_CASE("an answer with nothing before it is plain JSON in both eras") {
    DialogueStage stage;
    stage.directory.on_call = [](Talk& talk) { talk.result(R"({"content":[]})"); };
    stage.open_session("{}");
    const auto legacy = stage.ask_legacy("tools/call", call_echo);
    CHECK(stage.answer_to(legacy)["result"]["content"] == Json::array());
    CHECK_FALSE(legacy->streamed);
    const auto modern = stage.ask_modern("tools/call", call_echo_modern, "echo_echo");
    CHECK(stage.answer_to(modern)["result"]["resultType"] == "complete");
    CHECK_FALSE(modern->streamed);
}

TEST_CASE("the first word before the answer turns it into a stream, and order is kept") {
    DialogueStage stage;
    stage.open_session("{}");
    const auto request =
        stage.ask_legacy("tools/call", R"({"name":"echo_echo","_meta":{"progressToken":7}})");
    Talk& talk = stage.talk(0);
    CHECK_FALSE(request->streamed);
    talk.call->on_progress(R"({"progressToken":"x","progress":1})");
    talk.call->on_log(R"({"level":"info","data":"a"})");
    stage.settle();
    CHECK(request->streamed);
    CHECK_FALSE(request->done);
    talk.result("{}");
    REQUIRE(stage.answered(request));
    const auto messages = request->messages();
    REQUIRE(messages.size() == 3);
    CHECK(json_of(messages[0])["params"]["progressToken"] == 7);
    CHECK(messages[1] == R"({"jsonrpc":"2.0","method":"notifications/message",)"
                         R"("params":{"level":"info","data":"a"}})");
    CHECK(messages[2] == R"({"jsonrpc":"2.0","id":1,"result":{}})");
}

TEST_CASE("a call that is silent for some time becomes a stream, so that the client can wait") {
    DialogueLimits limits;
    limits.silence_max = short_silence;
    DialogueStage stage(limits);
    stage.open_session("{}");
    const auto legacy = stage.ask_legacy("tools/call", call_echo);
    const auto modern = stage.ask_modern("tools/call", call_echo_modern, "echo_echo");
    CHECK(stage.turn_until([&] { return legacy->streamed && modern->streamed; }));
    stage.talk(0).result("{}");
    stage.talk(1).result("{}");
    CHECK(stage.answer_to(legacy)["id"] == 1);
    CHECK(stage.answer_to(modern)["result"]["resultType"] == "complete");
}

TEST_CASE("a legacy client that hangs up has not cancelled: its answer waits to be resumed") {
    DialogueLimits limits;
    limits.silence_max = short_silence;
    DialogueStage stage(limits);
    stage.open_session("{}");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    REQUIRE(stage.turn_until([&] { return request->streamed && !request->body.empty(); }));
    request->hang_up();
    stage.settle();
    CHECK_FALSE(stage.talk(0).ended());
    stage.talk(0).result(R"({"content":[]})");
    REQUIRE(stage.answered(request));
    const auto id_at = request->body.find("id: ");
    REQUIRE(id_at != std::string::npos);
    const auto event_id =
        request->body.substr(id_at + 4, request->body.find('\n', id_at) - id_at - 4);
    HttpRequest back = stage.legacy("");
    back.method = "GET";
    back.headers.emplace_back("Last-Event-ID", event_id);
    const auto resumed = stage.send(std::move(back));
    CHECK(stage.answer_to(resumed)["result"]["content"] == Json::array());
    CHECK(stage.outcomes() == std::vector<std::string>{"result"});
}

TEST_CASE("a modern client that hangs up has cancelled, before its stream began and after") {
    DialogueLimits limits;
    limits.silence_max = short_silence;
    DialogueStage stage(limits);
    for (const bool after : {false, true}) {
        const auto request = stage.ask_modern("tools/call", call_echo_modern, "echo_echo");
        Talk& talk = stage.talk(after ? 1 : 0);
        if (after) {
            REQUIRE(stage.turn_until([&] { return request->streamed; }));
        }
        request->hang_up();
        REQUIRE(stage.answered(request));
        CHECK(talk.call->cancelled().has_value());
    }
    CHECK(stage.outcomes() == std::vector<std::string>{"cancelled", "cancelled"});
}

TEST_CASE("a legacy client's cancellation ends the call, and its record says so") {
    DialogueStage stage;
    stage.open_session("{}");
    const auto request = stage.ask_legacy("tools/call", call_echo, "\"r\"");
    stage.talk(0);
    stage.send(stage.legacy(
        R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"r"}})"));
    CHECK(stage.answered(request));
    CHECK(stage.outcomes() == std::vector<std::string>{"cancelled"});
}

TEST_CASE("a legacy client gets logs from its session's level on, a modern one only if it asked") {
    DialogueStage stage;
    stage.open_session("{}");
    const auto say_all = [](Talk& talk) {
        for (const std::string level : {"debug", "info", "warning", "error"}) {
            if (talk.call->on_log) {
                talk.call->on_log("{\"level\":\"" + level + "\",\"data\":1}");
            }
        }
        talk.result("{}");
    };
    stage.directory.on_call = say_all;
    const auto count = [&](const DialogueStage::Request& request) {
        REQUIRE(stage.answered(request));
        return request->messages().size() - 1;
    };
    CHECK(count(stage.ask_legacy("tools/call", call_echo)) == 4);
    REQUIRE(stage.answered(stage.ask_legacy("logging/setLevel", R"({"level":"warning"})")));
    CHECK(count(stage.ask_legacy("tools/call", call_echo)) == 2);
    CHECK(stage.talk(1).call->log_level == "warning");
    CHECK(count(stage.ask_modern("tools/call", call_echo_modern, "echo_echo")) == 0);
    CHECK(stage.talk(2).call->log_level.empty());
    CHECK(count(stage.ask_modern("tools/call", call_echo_modern, "echo_echo", "{}",
                                 R"("io.modelcontextprotocol/logLevel":"error",)")) == 1);
    CHECK(stage.talk(3).call->log_level == "error");
    // And with a connector of its own era, as with one that may park.
    CHECK(
        count(stage.ask_modern("tools/call", call_echo_modern, "echo_echo", R"({"elicitation":{}})",
                               R"("io.modelcontextprotocol/logLevel":"info",)")) == 3);
}

TEST_CASE("a legacy connector's question reaches a legacy client byte by byte, and back") {
    DialogueStage stage;
    stage.open_session(R"({"elicitation":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    stage.talk(0).ask("elicitation/create", form_params);
    stage.settle();
    REQUIRE(request->messages().size() == 1);
    const std::string asked = request->messages()[0];
    CHECK(asked.find(form_params) != std::string::npos);
    const Json question = json_of(asked);
    CHECK(question["method"] == "elicitation/create");
    const auto posted =
        stage.send(stage.legacy(R"({"jsonrpc":"2.0","id":)" + dump_json(question["id"]) +
                                R"(,"result":{"action":"accept","content":{"name": "\u00e4"}}})"));
    REQUIRE(stage.answered(posted));
    CHECK(posted->status == 202);
    CHECK(stage.talk(0).answers ==
          std::vector<std::string>{R"({"action":"accept","content":{"name": "\u00e4"}})"});
    stage.talk(0).result("{}");
    CHECK(stage.answer_to(request)["id"] == 1);
    CHECK(stage.outcomes() == std::vector<std::string>{"result"});
}

TEST_CASE("a client's error is the connector's answer, too") {
    DialogueStage stage;
    stage.open_session(R"({"sampling":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    stage.talk(0).ask("sampling/createMessage", R"({"messages":[],"maxTokens":1})");
    stage.settle();
    const Json question = json_of(request->messages().at(0));
    stage.send(stage.legacy(R"({"jsonrpc":"2.0","id":)" + dump_json(question["id"]) +
                            R"(,"error":{"code":-1,"message":"User rejected"}})"));
    CHECK(stage.talk(0).answers ==
          std::vector<std::string>{R"(error {"code":-1,"message":"User rejected"})"});
    stage.talk(0).result("{}");
    CHECK(stage.answered(request));
}

TEST_CASE("a client is never asked what it did not declare") {
    DialogueStage stage;
    stage.open_session(R"({"elicitation":{"url":{}},"sampling":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    Talk& talk = stage.talk(0);
    talk.ask("roots/list", "{}");
    talk.ask("elicitation/create", form_params);
    talk.ask("sampling/createMessage", R"({"messages":[],"maxTokens":1,"tools":[]})");
    stage.settle();
    REQUIRE(talk.answers.size() == 3);
    CHECK(talk.answers[0].find("-32601") != std::string::npos);
    CHECK(talk.answers[1].find("-32602") != std::string::npos);
    CHECK(talk.answers[2].find("-32602") != std::string::npos);
    CHECK(request->messages().empty());
    talk.ask("elicitation/create", R"({"mode":"url","message":"m","url":"https://a"})");
    stage.settle();
    CHECK(request->messages().size() == 1);
    talk.result("{}");
    CHECK(stage.answered(request));
    stage.open_session("{}");
    const auto none = stage.ask_legacy("tools/call", call_echo);
    CHECK_FALSE(stage.talk(1).call->on_input);
    stage.talk(1).result("{}");
    CHECK(stage.answered(none));
}

TEST_CASE("a question the connector takes back is taken back from the client") {
    DialogueStage stage;
    stage.open_session(R"({"elicitation":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    const auto question = stage.talk(0).ask("elicitation/create", form_params);
    stage.settle();
    question->withdraw();
    stage.settle();
    const auto messages = request->messages();
    REQUIRE(messages.size() == 2);
    CHECK(json_of(messages[1])["method"] == "notifications/cancelled");
    CHECK(json_of(messages[1])["params"]["requestId"] == json_of(messages[0])["id"]);
    stage.talk(0).result("{}");
    CHECK(stage.answered(request));
}

TEST_CASE("a result over the limit is a tool error that says so, in both eras") {
    DialogueStage stage;
    stage.open_session("{}");
    stage.directory.on_call = [](Talk& talk) {
        talk.fail(runtime::CallEnd::may_have_run,
                  Error{"GH-M402", "the connector's answer is too long", "",
                        "17MiB in one line, and the limit is 16MiB", "ask for less"});
    };
    for (const auto& request : {stage.ask_legacy("tools/call", call_echo),
                                stage.ask_modern("tools/call", call_echo_modern, "echo_echo")}) {
        const Json answer = stage.answer_to(request);
        CHECK(answer["result"]["isError"] == true);
        const auto text = answer["result"]["content"][0]["text"].get<std::string>();
        CHECK(text.find("GH-M402") == 0);
        CHECK(text.find("17MiB") != std::string::npos);
        CHECK(text.find("ask for less") != std::string::npos);
    }
    const auto prompt = stage.ask_legacy("prompts/get", R"({"name":"echo_greet"})");
    CHECK(stage.answer_to(prompt)["error"]["data"]["code"] == "GH-M402");
}
