// A modern connector needs input: of a legacy client in rounds, of a modern one by passing it on.
#include "tests/unit/pipeline/dialogue_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

const std::string call_echo = R"({"name":"echo_echo","arguments":{"text":"a"}})";
const std::string call_params = R"("name":"echo_echo","arguments":{"text":"a"},)";
const std::string form_params =
    R"({"mode":"form", "message":"W\u00e4r?","requestedSchema":{"type":"object","properties":{}}})";

std::string required(const std::string& requests, const std::string& state = "") {
    std::string text = R"({"resultType":"input_required")";
    text += requests.empty() ? "" : ",\"inputRequests\":" + requests;
    text += state.empty() ? "" : ",\"requestState\":" + state;
    return text + "}";
}

std::string form_question(const std::string& key) {
    return "\"" + key + R"(":{"method":"elicitation/create","params":)" + form_params + "}";
}

struct RoundsStage : DialogueStage {
    explicit RoundsStage(DialogueLimits wanted = {}) : DialogueStage(wanted) {
        directory.set_era(Era::modern);
    }
    // Answers the n-th message of a stream, which is a question.
    void answer(const Request& request, std::size_t number, const std::string& member) {
        REQUIRE(turn_until([&] { return request->messages().size() > number; }));
        const Json question = json_of(request->messages()[number]);
        send(legacy(R"({"jsonrpc":"2.0","id":)" + dump_json(question["id"]) + "," + member + "}"));
    }
};

} // namespace

TEST_CASE("a legacy client is asked what a modern connector needs, and the call is made again") {
    RoundsStage stage;
    stage.open_session(R"({"elicitation":{},"roots":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    stage.talk(0).result(required(
        "{" + form_question("who") + R"(,"where":{"method":"roots/list"}})", R"("st\u0061te")"));
    REQUIRE(stage.turn_until([&] { return request->messages().size() == 2; }));
    CHECK(request->messages()[0].find("\"params\":" + form_params) != std::string::npos);
    CHECK(json_of(request->messages()[1])["method"] == "roots/list");
    stage.answer(request, 1, R"("result":{"roots":[]})");
    CHECK(stage.directory.talks.size() == 1);
    stage.answer(request, 0, R"("result":{"action":"accept","content":{}})");

    Talk& second = stage.talk(1);
    CHECK(second.call->params ==
          R"({"name":"echo","arguments":{"text":"a"},"inputResponses":{"where":{"roots":[]},)"
          R"("who":{"action":"accept","content":{}}},"requestState":"st\u0061te"})");
    second.result(R"({"resultType":"complete","content":[]})");
    REQUIRE(stage.answered(request));
    CHECK(request->messages().back() == R"({"jsonrpc":"2.0","id":1,"result":{"content":[]}})");
    CHECK(stage.outcomes() == std::vector<std::string>{"input_required", "result"});
}

TEST_CASE("what a legacy client declines is the connector's to judge, an error in it as well") {
    RoundsStage stage;
    stage.open_session(R"({"elicitation":{},"sampling":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    stage.talk(0).result(required("{" + form_question("a") + "," + form_question("b") + "}"));
    stage.answer(request, 0, R"("result":{"action":"decline"})");
    stage.answer(request, 1, R"("error":{"code":-1,"message":"closed"})");
    CHECK(stage.talk(1).call->params.find(
              R"("inputResponses":{"a":{"action":"decline"},"b":{"action":"cancel"}}})") !=
          std::string::npos);
    // Where there is no word for it, the call ends and says why.
    stage.talk(1).result(required(
        R"({"s":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}})"));
    stage.answer(request, 2, R"("error":{"code":-1,"message":"User rejected sampling"})");
    const Json answer = stage.answer_to(request);
    CHECK(answer["error"]["data"]["code"] == "GH-M433");
    CHECK(answer["error"]["message"].get<std::string>().find("User rejected sampling") !=
          std::string::npos);
    CHECK(stage.directory.talks.size() == 2);
}

TEST_CASE("a legacy client that cannot be asked gets an error that names the capability") {
    RoundsStage stage;
    stage.open_session(R"({"elicitation":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    stage.talk(0).result(required(
        "{" + form_question("a") +
        R"(,"s":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1}}})"));
    const Json answer = stage.answer_to(request);
    CHECK(answer["error"]["message"].get<std::string>().find("sampling") != std::string::npos);
    // The question that was asked before it came out is taken back.
    CHECK(json_of(request->messages()[1])["method"] == "notifications/cancelled");
    CHECK(stage.directory.talks.size() == 1);
    CHECK(stage.outcomes() == std::vector<std::string>{"input_required"});
}

TEST_CASE("a legacy client of 2025-11-25 is asked to open a URL; -32042 passes as it is") {
    RoundsStage stage;
    stage.open_session(R"({"elicitation":{"url":{}}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    const std::string url_params =
        R"({"mode":"url","message":"m","url":"https://a.example/x","elicitationId":"e"})";
    stage.talk(0).result(
        required(R"({"u":{"method":"elicitation/create","params":)" + url_params + "}}"));
    REQUIRE(stage.turn_until([&] { return request->messages().size() == 1; }));
    CHECK(request->messages()[0].find(url_params) != std::string::npos);
    stage.answer(request, 0, R"("result":{"action":"accept"})");
    stage.talk(1).result(R"({"resultType":"complete"})");
    CHECK(stage.answer_to(request)["result"] == Json::object());

    stage.directory.set_era(Era::legacy);
    const std::string error =
        R"({"code":-32042,"message":"open it","data":{"elicitations":[{"mode":"url"}]}})";
    stage.directory.on_call = [&](Talk& talk) { talk.error(error); };
    const auto refused = stage.ask_legacy("tools/call", call_echo);
    REQUIRE(stage.answered(refused));
    CHECK(refused->messages().back() == R"({"jsonrpc":"2.0","id":1,"error":)" + error + "}");
}

TEST_CASE("a connector that is never satisfied ends after so many rounds") {
    DialogueLimits limits;
    limits.rounds_max = 3;
    RoundsStage stage(limits);
    stage.open_session(R"({"elicitation":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    for (std::size_t round = 0; round < 4; ++round) {
        stage.talk(round).result(required("{" + form_question("a") + "}"));
        if (round < 3) {
            stage.answer(request, round, R"("result":{"action":"accept"})");
        }
    }
    const Json answer = stage.answer_to(request);
    CHECK(answer["error"]["message"].get<std::string>().find("3 rounds") != std::string::npos);
    CHECK(stage.directory.talks.size() == 4);
    CHECK(stage.outcomes() == std::vector<std::string>(4, "input_required"));
}

TEST_CASE("a legacy client that does not answer in time ends the call, and is told") {
    DialogueLimits limits;
    limits.input_max = std::chrono::milliseconds(20);
    RoundsStage stage(limits);
    stage.open_session(R"({"elicitation":{}})");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    stage.talk(0).result(required("{" + form_question("a") + "}"));
    CHECK(stage.answer_to(request)["error"]["data"]["code"] == "GH-M433");
    CHECK(json_of(request->messages()[1])["method"] == "notifications/cancelled");
}

TEST_CASE("between two rounds a legacy client can cancel, and end its session") {
    for (const bool ends_session : {false, true}) {
        RoundsStage stage;
        stage.open_session(R"({"elicitation":{}})");
        const auto request = stage.ask_legacy("tools/call", call_echo, "\"r\"");
        stage.talk(0).result(required("{" + form_question("a") + "}"));
        REQUIRE(stage.turn_until([&] { return request->messages().size() == 1; }));
        if (ends_session) {
            HttpRequest end = stage.legacy("");
            end.method = "DELETE";
            stage.send(std::move(end));
        } else {
            stage.send(stage.legacy(
                R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"r"}})"));
        }
        CHECK(stage.answered(request));
        CHECK(stage.directory.talks.size() == 1);
    }
}

TEST_CASE("a connector that asks for patience alone is called again after a while") {
    RoundsStage stage;
    stage.open_session("{}");
    const auto request = stage.ask_legacy("tools/call", call_echo);
    stage.talk(0).result(required("", "\"later\""));
    Talk& second = stage.talk(1);
    CHECK(second.call->params ==
          R"({"name":"echo","arguments":{"text":"a"},"requestState":"later"})");
    second.result("{}");
    CHECK(stage.answer_to(request)["result"] == Json::object());
}

TEST_CASE("a modern connector's questions pass to a modern client, and its state is sealed") {
    RoundsStage stage;
    const auto first =
        stage.ask_modern("tools/call", call_params, "echo_echo", R"({"elicitation":{}})");
    CHECK(stage.talk(0).call->caller->capabilities == R"({"elicitation":{}})");
    stage.talk(0).result(required("{" + form_question("a") + "}", R"("st\u0061te")"));
    const Json asked = stage.answer_to(first);
    CHECK(first->messages().back().find("{" + form_question("a") + "}") != std::string::npos);
    const auto sealed = asked["result"]["requestState"].get<std::string>();
    CHECK(sealed.find("state") == std::string::npos);
    const auto retry = [&](const std::string& state, const std::string& token = "") {
        return stage.ask_modern("tools/call",
                                call_params + R"("inputResponses":{"a": {"x":1}},"requestState":)" +
                                    json_quote(state) + ",",
                                "echo_echo", R"({"elicitation":{}})", "", token);
    };
    for (const auto& refused :
         {retry(sealed + "-TAMPERED"), retry("state"), retry(sealed, stage.gateway.other_token)}) {
        CHECK(stage.answer_to(refused)["error"]["code"] == -32602);
    }
    CHECK(stage.directory.talks.size() == 1);
    const auto second = retry(sealed);
    CHECK(stage.talk(1).call->params ==
          R"({"name":"echo","arguments":{"text":"a"},"inputResponses":{"a": {"x":1}},)"
          R"("requestState":"st\u0061te"})");
    stage.talk(1).result(R"({"resultType":"complete","content":[]})");
    REQUIRE(stage.answered(second));
    CHECK(second->messages().back() ==
          R"({"jsonrpc":"2.0","id":"m","result":{"resultType":"complete","content":[]}})");
    CHECK(stage.outcomes() == std::vector<std::string>{"input_required", "result"});
}

TEST_CASE("a modern client never gets a modern connector's question that it did not declare") {
    const auto question = [](const std::string& method, const std::string& params) {
        return R"({"q":{"method":")" + method + R"(","params":)" + params + "}}";
    };
    struct Asked {
        std::string capabilities, question, required; // required empty: the connector's fault
    };
    const std::string form = question("elicitation/create", R"({"message":"?"})");
    const std::string url = question("elicitation/create", R"({"mode":"url","url":"https://x"})");
    const std::string sampling = question("sampling/createMessage", R"({"messages":[]})");
    const std::string tools = question("sampling/createMessage", R"({"tools":[]})");
    const std::string roots = R"({"q":{"method":"roots/list"}})";
    for (const Asked& one : std::vector<Asked>{
             {"{}", form, R"({"elicitation":{}})"},
             {R"({"elicitation":{"url":{}}})", form, R"({"elicitation":{"form":{}}})"},
             {R"({"elicitation":{}})", url, R"({"elicitation":{"url":{}}})"},
             {R"({"elicitation":{}})", sampling, R"({"sampling":{}})"},
             {R"({"sampling":{}})", tools, R"({"sampling":{"tools":{}}})"},
             {R"({"sampling":{"tools":{}}})", roots, R"({"roots":{}})"},
             {R"({"roots":{}})", question("tools/call", "{}"), ""},
             {R"({"roots":{}})", "[]", ""}}) {
        RoundsStage stage;
        stage.directory.on_call = [&](Talk& talk) { talk.result(required(one.question)); };
        const auto request =
            stage.ask_modern("tools/call", call_params, "echo_echo", one.capabilities);
        const Json error = stage.answer_to(request)["error"];
        INFO(one.question);
        if (one.required.empty()) {
            CHECK(error["data"]["code"] == "GH-M434");
        } else {
            CHECK(request->status == 400);
            CHECK(error["code"] == -32021);
            CHECK(error["data"]["requiredCapabilities"] == json_of(one.required));
        }
    }
}

TEST_CASE("a request that cannot wait for input does not bring a connector's questions") {
    RoundsStage stage;
    stage.directory.on_call = [&](Talk& talk) { talk.result(required("{}")); };
    const auto request = stage.ask_modern(
        "completion/complete",
        R"("ref":{"type":"ref/prompt","name":"echo_greet"},"argument":{"name":"a","value":""},)",
        "");
    CHECK(stage.answer_to(request)["error"]["data"]["code"] == "GH-M434");
}

TEST_CASE(
    "where the connector sends no state there is none, and answers without one pass as they are") {
    RoundsStage stage;
    const std::string asks = required("{" + form_question("a") + "}");
    stage.directory.on_call = [&](Talk& talk) { talk.result(asks); };
    const auto first =
        stage.ask_modern("tools/call", call_params, "echo_echo", R"({"elicitation":{}})");
    REQUIRE(stage.answered(first));
    CHECK(first->messages().back() == R"({"jsonrpc":"2.0","id":"m","result":)" + asks + "}");
    const auto second = stage.ask_modern("tools/call", call_params + R"("inputResponses":null,)",
                                         "echo_echo", R"({"elicitation":{}})");
    REQUIRE(stage.answered(second));
    CHECK(stage.talk(1).call->params ==
          R"({"name":"echo","arguments":{"text":"a"},"inputResponses":null})");
}

TEST_CASE("a state that is too large, or no string, is the connector's fault") {
    RoundsStage stage;
    for (const std::string& state : {"\"" + std::string(65 << 10, 'x') + "\"", std::string("5")}) {
        stage.directory.on_call = [&](Talk& talk) { talk.result(required("", state)); };
        const auto request = stage.ask_modern("tools/call", call_params, "echo_echo");
        CHECK(stage.answer_to(request)["error"]["data"]["code"] == "GH-M432");
    }
}

TEST_CASE("a modern connector's -32021 is HTTP 400 for a modern client; its own troubles are not") {
    RoundsStage stage;
    const std::string lacks =
        R"({"code":-32021,"message":"m","data":{"requiredCapabilities":{"sampling":{}}}})";
    stage.directory.on_call = [&](Talk& talk) { talk.error(lacks); };
    const auto request = stage.ask_modern("tools/call", call_params, "echo_echo");
    REQUIRE(stage.answered(request));
    CHECK(request->status == 400);
    CHECK(request->messages().back() == R"({"jsonrpc":"2.0","id":"m","error":)" + lacks + "}");
    stage.directory.on_call = [&](Talk& talk) { talk.error(R"({"code":-32020,"message":"h"})"); };
    const auto mismatch = stage.ask_modern("tools/call", call_params, "echo_echo");
    CHECK(stage.answer_to(mismatch)["error"]["code"] == -32000);
    CHECK(mismatch->status == 200);
}
