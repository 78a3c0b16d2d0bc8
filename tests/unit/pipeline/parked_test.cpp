// A legacy connector asks, and the client is modern: the call is parked between two requests.
#include "tests/unit/pipeline/dialogue_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

const std::string call_params = R"("name":"echo_echo","arguments":{"text":"a"},)";
const std::string able = R"({"elicitation":{},"sampling":{},"roots":{}})";
const std::string one_property =
    R"({"message":"Who?","requestedSchema":{"type":"object","properties":{"user_name":{"type":"string"}}}})";
const std::string two_properties =
    R"({"message":"Who?","requestedSchema":{"type":"object","properties":{"a":{},"b":{}}}})";
const std::string accepted = R"({"action":"accept","content":{"user_name":"Ada"}})";

DialogueLimits quick() {
    DialogueLimits limits;
    limits.gather_window = std::chrono::milliseconds(5);
    return limits;
}

std::string with_answers(const std::string& answers, const Json& first) {
    return call_params + "\"inputResponses\":" + answers +
           ",\"requestState\":" + dump_json(first["result"]["requestState"]) + ",";
}

DialogueStage::Request call_modern(DialogueStage& stage, const std::string& params = call_params,
                                   const std::string& token = "") {
    return stage.ask_modern("tools/call", params, "echo_echo", able, "", token);
}

// A call that is parked with one question, "user_name".
Json parked_answer(DialogueStage& stage) {
    const auto first = call_modern(stage);
    stage.talk(stage.directory.talks.size() - 1).ask("elicitation/create", one_property);
    return stage.answer_to(first);
}

} // namespace

TEST_CASE("a question parks the call; the retry answers it, and gets the result of the same call") {
    DialogueStage stage(quick());
    const Json first = parked_answer(stage);
    CHECK(first["result"]["resultType"] == "input_required");
    REQUIRE(first["result"]["inputRequests"].size() == 1);
    const Json& question = first["result"]["inputRequests"]["user_name"];
    CHECK(question["method"] == "elicitation/create");
    CHECK(dump_json(question["params"]) == one_property);
    CHECK(stage.directory.talks.size() == 1);

    const auto second = call_modern(stage, with_answers("{\"user_name\":" + accepted + "}", first));
    REQUIRE(stage.turn_until([&] { return !stage.talk(0).answers.empty(); }));
    CHECK(stage.talk(0).answers == std::vector<std::string>{accepted});
    CHECK_FALSE(second->done);
    stage.talk(0).result(R"({"content":[]})");
    CHECK(stage.answer_to(second)["result"]["resultType"] == "complete");
    CHECK(stage.directory.talks.size() == 1);
    CHECK(stage.outcomes() == std::vector<std::string>{"input_required", "result"});
}

TEST_CASE("questions asked back to back go to the client as one, under keys that tell them apart") {
    DialogueStage stage(quick());
    const auto first = call_modern(stage);
    Talk& talk = stage.talk(0);
    talk.ask("elicitation/create", one_property);
    talk.ask("elicitation/create", two_properties);
    talk.ask("sampling/createMessage", R"({"messages":[],"maxTokens":1})");
    talk.ask("roots/list", "");
    const Json answer = stage.answer_to(first);
    const Json& asked = answer["result"]["inputRequests"];
    REQUIRE(asked.size() == 4);
    CHECK(asked.contains("user_name"));
    CHECK(asked["input_2"]["method"] == "elicitation/create");
    CHECK(asked["input_3"]["method"] == "sampling/createMessage");
    CHECK(asked["input_4"]["params"] == Json::object());

    // What is missing, or is no answer, is asked for again; what was given is not.
    const auto second = call_modern(
        stage,
        with_answers("{\"user_name\":" + accepted + R"(,"input_2":12345,"other":{}})", answer));
    const Json rest = stage.answer_to(second);
    CHECK(rest["result"]["inputRequests"].size() == 3);
    CHECK_FALSE(rest["result"]["inputRequests"].contains("user_name"));
    CHECK(rest["result"]["requestState"] != answer["result"]["requestState"]);
    const auto third = call_modern(
        stage,
        with_answers(R"({"input_2":{"a":1},"input_3":{"b":1},"input_4":{"roots":[]}})", rest));
    REQUIRE(stage.turn_until([&] { return talk.answers.size() == 4; }));
    talk.result("{}");
    CHECK(stage.answer_to(third)["result"]["resultType"] == "complete");
    CHECK(stage.outcomes() ==
          std::vector<std::string>{"input_required", "input_required", "result"});
}

TEST_CASE("a call may ask again after it was answered") {
    DialogueStage stage(quick());
    const Json first = parked_answer(stage);
    const auto second = call_modern(stage, with_answers("{\"user_name\":" + accepted + "}", first));
    REQUIRE(stage.turn_until([&] { return !stage.talk(0).answers.empty(); }));
    stage.talk(0).ask("elicitation/create", two_properties);
    const Json again = stage.answer_to(second);
    CHECK(again["result"]["inputRequests"].contains("input_2"));
    const auto third =
        call_modern(stage, with_answers(R"({"input_2":{"action":"decline"}})", again));
    REQUIRE(stage.turn_until([&] { return stage.talk(0).answers.size() == 2; }));
    CHECK(stage.talk(0).answers[1] == R"({"action":"decline"})");
    stage.talk(0).error(R"({"code":-32603,"message":"no"})");
    CHECK(stage.answer_to(third)["error"]["code"] == -32603);
}

TEST_CASE("a state is good once, for its own request, and for its own principal") {
    DialogueStage stage(quick());
    const Json first = parked_answer(stage);
    const std::string answers = "{\"user_name\":" + accepted + "}";
    const auto refused = [&](const DialogueStage::Request& request) {
        const Json answer = stage.answer_to(request);
        CHECK(request->status == 200);
        CHECK(answer["error"]["code"] == -32602);
        CHECK(stage.talk(0).answers.empty());
        CHECK_FALSE(stage.talk(0).ended());
    };
    refused(call_modern(stage, with_answers(answers, first), stage.gateway.other_token));
    std::string other_arguments = with_answers(answers, first);
    other_arguments.replace(other_arguments.find("\"a\""), 3, "\"b\"");
    refused(call_modern(stage, other_arguments));
    std::string tampered = with_answers(answers, first);
    tampered.insert(tampered.size() - 2, "-TAMPERED");
    refused(call_modern(stage, tampered));
    std::string no_string = call_params + R"("inputResponses":{},"requestState":5,)";
    refused(call_modern(stage, no_string));
    CHECK(stage.directory.talks.size() == 1);

    const auto second = call_modern(stage, with_answers(answers, first));
    REQUIRE(stage.turn_until([&] { return !stage.talk(0).answers.empty(); }));
    const auto replayed = call_modern(stage, with_answers(answers, first));
    CHECK(stage.answer_to(replayed)["error"]["code"] == -32602);
    stage.talk(0).result("{}");
    CHECK(stage.answer_to(second)["result"]["resultType"] == "complete");
    const auto late = call_modern(stage, with_answers(answers, first));
    CHECK(stage.answer_to(late)["error"]["code"] == -32602);
    CHECK(stage.outcomes() == std::vector<std::string>{"input_required", "result"});
    int denials = 0;
    for (const Json& record : stage.journal()) {
        denials += record["kind"] == "denial" ? 1 : 0;
    }
    CHECK(denials == 6);
}

TEST_CASE("what the client did not declare is -32021 with HTTP 400, and the call is cancelled") {
    DialogueStage stage(quick());
    for (const std::string capabilities : {"{}", R"({"elicitation":{}})"}) {
        const auto request = stage.ask_modern("tools/call", call_params, "echo_echo", capabilities);
        Talk& talk = stage.talk(stage.directory.talks.size() - 1);
        talk.ask("sampling/createMessage", R"({"messages":[],"maxTokens":1})");
        const Json answer = stage.answer_to(request);
        CHECK(request->status == 400);
        CHECK(answer["id"] == "m");
        CHECK(answer["error"]["code"] == -32021);
        CHECK(answer["error"]["data"]["requiredCapabilities"] == json_of(R"({"sampling":{}})"));
        CHECK(talk.call->cancelled().has_value());
    }
    CHECK(stage.outcomes() == std::vector<std::string>{"cancelled", "cancelled"});
}

TEST_CASE("a parked call whose client does not come back is cancelled, and its place is free") {
    DialogueLimits limits = quick();
    limits.parking.hold_max = std::chrono::milliseconds(30);
    limits.parking.max_count_per_principal = 1;
    DialogueStage stage(limits);
    const Json first = parked_answer(stage);
    CHECK(stage.turn_until([&] { return stage.talk(0).ended(); }));
    CHECK(stage.talk(0).call->cancelled().has_value());
    const auto late = call_modern(stage, with_answers("{\"user_name\":" + accepted + "}", first));
    CHECK(stage.answer_to(late)["error"]["code"] == -32602);
    CHECK(parked_answer(stage)["result"]["resultType"] == "input_required");
}

TEST_CASE("each principal has so many places to park, and no more than that are held in all") {
    for (const bool per_principal : {true, false}) {
        DialogueLimits limits = quick();
        (per_principal ? limits.parking.max_count_per_principal : limits.parking.max_count) = 2;
        DialogueStage stage(limits);
        CHECK(parked_answer(stage)["result"]["resultType"] == "input_required");
        CHECK(parked_answer(stage)["result"]["resultType"] == "input_required");
        const Json full = parked_answer(stage);
        CHECK(full["error"]["data"]["code"] == "GH-R708");
        CHECK(stage.talk(2).call->cancelled().has_value());
        CHECK_FALSE(stage.talk(0).ended());
        const auto other = call_modern(stage, call_params, stage.gateway.other_token);
        stage.talk(3).ask("elicitation/create", one_property);
        CHECK(stage.answer_to(other).contains("result") == per_principal);
        stage.outcomes();
    }
}

TEST_CASE("a client that hangs up while its call runs cancels it, resumed or not") {
    DialogueStage stage(quick());
    const auto first = call_modern(stage);
    first->hang_up();
    CHECK(stage.answered(first));
    CHECK(stage.talk(0).call->cancelled().has_value());
    const auto parked = call_modern(stage);
    stage.talk(1).ask("elicitation/create", one_property);
    const Json asked = stage.answer_to(parked);
    const auto resumed =
        call_modern(stage, with_answers("{\"user_name\":" + accepted + "}", asked));
    REQUIRE(stage.turn_until([&] { return !stage.talk(1).answers.empty(); }));
    resumed->hang_up();
    CHECK(stage.answered(resumed));
    CHECK(stage.talk(1).call->cancelled().has_value());
    CHECK(stage.outcomes() == std::vector<std::string>{"cancelled", "input_required", "cancelled"});
}

TEST_CASE("a question that is withdrawn while the call is parked leaves the call going on") {
    DialogueStage stage(quick());
    const auto first = call_modern(stage);
    const auto question = stage.talk(0).ask("elicitation/create", one_property);
    const Json asked = stage.answer_to(first);
    question->withdraw();
    stage.talk(0).result(R"({"content":[]})");
    stage.settle();
    const auto second = call_modern(stage, with_answers("{\"user_name\":" + accepted + "}", asked));
    CHECK(stage.answer_to(second)["result"]["content"] == Json::array());
    CHECK(stage.talk(0).answers.empty());
}

TEST_CASE("an answer too large to keep while the client is away is said to be gone, not held") {
    DialogueStage stage(quick());
    const Json asked = parked_answer(stage);
    stage.talk(0).result("{\"text\":\"" + std::string(1 << 20, 'x') + "\"}");
    stage.settle();
    const auto second = call_modern(stage, with_answers("{\"user_name\":" + accepted + "}", asked));
    CHECK(stage.answer_to(second)["error"]["data"]["code"] == "GH-R709");
}

TEST_CASE("progress of a resumed call goes to the request that waits, with its own token") {
    DialogueStage stage(quick());
    const auto first =
        stage.ask_modern("tools/call", call_params, "echo_echo", able, R"("progressToken":"one",)");
    stage.talk(0).ask("elicitation/create", one_property);
    const Json asked = stage.answer_to(first);
    stage.talk(0).call->on_progress(R"({"progressToken":1,"progress":1})"); // to nobody
    const auto second =
        stage.ask_modern("tools/call", with_answers("{\"user_name\":" + accepted + "}", asked),
                         "echo_echo", able, R"("progressToken":"two",)");
    REQUIRE(stage.turn_until([&] { return !stage.talk(0).answers.empty(); }));
    stage.talk(0).call->on_progress(R"({"progressToken":1,"progress":2})");
    stage.talk(0).result("{}");
    REQUIRE(stage.answered(second));
    REQUIRE(second->messages().size() == 2);
    CHECK(json_of(second->messages()[0])["params"] ==
          json_of(R"({"progressToken":"two","progress":2})"));
}

TEST_CASE("a parked call holds none of the bytes that calls in flight may have") {
    DialogueStage stage(quick(), 1000);
    const Json first = parked_answer(stage);
    const std::string large =
        R"("name":"echo_echo","arguments":{"text":")" + std::string(500, 'x') + "\"},";
    const auto second = call_modern(stage, large);
    stage.talk(1).result("{}");
    CHECK(stage.answer_to(second).contains("result"));
    CHECK(stage.talk(0).call->params.empty());
    CHECK(first["result"]["resultType"] == "input_required");
}

TEST_CASE("prompts and resources park as tools do") {
    DialogueStage stage(quick());
    const auto first =
        stage.ask_modern("prompts/get", R"("name":"echo_greet",)", "echo_greet", able);
    stage.talk(0).ask("elicitation/create", one_property);
    const Json asked = stage.answer_to(first);
    const auto second = stage.ask_modern("prompts/get",
                                         R"("name":"echo_greet","inputResponses":{"user_name":)" +
                                             accepted + R"(},"requestState":)" +
                                             dump_json(asked["result"]["requestState"]) + ",",
                                         "echo_greet", able);
    REQUIRE(stage.turn_until([&] { return !stage.talk(0).answers.empty(); }));
    stage.talk(0).result(R"({"messages":[]})");
    CHECK(stage.answer_to(second)["result"]["messages"] == Json::array());
}

TEST_CASE("answers without any state reach no legacy connector") {
    DialogueStage stage(quick());
    stage.directory.on_call = [](Talk& talk) { talk.result("{}"); };
    const auto request = call_modern(stage, call_params + R"("inputResponses":{"x":{}},)");
    CHECK(stage.answer_to(request)["result"]["resultType"] == "complete");
    CHECK(stage.talk(0).call->params == R"({"name":"echo","arguments":{"text":"a"}})");
}
