// Every kind of request that goes to a connector passes all stages: prompts, resources, completion,
// subscriptions and tasks.
#include "tests/unit/pipeline/dialogue_stage.hpp"

#include "runtime/watched_task.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

const std::string task_extension = R"({"extensions":{"io.modelcontextprotocol/tasks":{}}})";

} // namespace

TEST_CASE("prompts, resources and completion go to their connector under its own names") {
    DialogueStage stage;
    stage.open_session("{}");
    stage.directory.on_call = [](Talk& talk) { talk.result(R"({"x":1})"); };
    const auto params = [&](const std::string& method, const std::string& sent) {
        const auto request = stage.ask_legacy(method, sent);
        CHECK(stage.answer_to(request)["result"] == json_of(R"({"x":1})"));
        CHECK(stage.directory.talks.back()->call->method == method);
        return stage.directory.talks.back()->call->params;
    };
    CHECK(params("prompts/get", R"({"name":"echo_greet","arguments":{"a":"b"},"_meta":{"t":1}})") ==
          R"({"name":"greet","arguments":{"a":"b"},"_meta":{"t":1}})");
    CHECK(params("resources/read", R"({"uri":"test://a"})") == R"({"uri":"test://a"})");
    CHECK(params("completion/complete",
                 R"({"ref":{"type":"ref/prompt","name":"echo_greet"},"argument":{"name":"a"},)"
                 R"("context":{"arguments":{}}})") ==
          R"({"ref":{"type":"ref/prompt","name":"greet"},"argument":{"name":"a"},)"
          R"("context":{"arguments":{}}})");
    CHECK(stage.outcomes() == std::vector<std::string>(3, "result"));
    const auto records = stage.journal();
    CHECK(records[0]["method"] == "prompts/get");
    CHECK(records[0]["tool"] == "echo_greet");
    CHECK(records[0]["connector"] == "echo");
    CHECK(records[2]["method"] == "resources/read");
}

TEST_CASE("the journal names no method for a tool call") {
    DialogueStage stage;
    stage.open_session("{}");
    stage.directory.on_call = [](Talk& talk) { talk.result("{}"); };
    stage.answered(stage.ask_legacy("tools/call", R"({"name":"echo_echo"})"));
    CHECK_FALSE(stage.journal()[0].contains("method"));
}

TEST_CASE("unknown, denied and hidden prompts and resources answer alike, in the era's own words") {
    DialogueStage stage;
    stage.open_session("{}");
    const auto error = [&](const DialogueStage::Request& request) {
        const Json answer = stage.answer_to(request);
        CHECK(request->status == 200);
        return answer["error"];
    };
    for (const std::string name : {"echo_secret", "echo_zzz"}) {
        const Json expected =
            json_of("{\"code\":-32602,\"message\":\"Unknown prompt: " + name + "\"}");
        CHECK(error(stage.ask_legacy("prompts/get", "{\"name\":\"" + name + "\"}")) == expected);
        CHECK(error(stage.ask_modern("prompts/get", "\"name\":\"" + name + "\",", name)) ==
              expected);
    }
    for (const std::string uri : {"test://hidden"}) {
        const Json data = json_of("{\"uri\":\"" + uri + "\"}");
        const Json legacy = error(stage.ask_legacy("resources/read", "{\"uri\":\"" + uri + "\"}"));
        CHECK(legacy["code"] == -32002);
        CHECK(legacy["data"] == data);
        const Json modern =
            error(stage.ask_modern("resources/read", "\"uri\":\"" + uri + "\",", uri));
        CHECK(modern["code"] == -32602);
        CHECK(modern["data"] == data);
        CHECK(modern["message"] == legacy["message"]);
    }
    CHECK(stage.directory.talks.empty());
    CHECK(stage.outcomes().empty());
    CHECK(stage.journal().size() == 6);
}

TEST_CASE("a resource that a legacy connector does not have is -32602 for a modern client") {
    DialogueStage stage;
    stage.directory.on_call = [](Talk& talk) {
        talk.error(R"({"code":-32002,"message":"Resource not found"})");
    };
    const auto request = stage.ask_modern("resources/read", R"("uri":"test://a",)", "test://a");
    const Json answer = stage.answer_to(request);
    CHECK(answer["error"]["code"] == -32602);
    CHECK(answer["error"]["data"]["uri"] == "test://a");
}

TEST_CASE("a legacy resource is private and fresh for a modern client") {
    DialogueStage stage;
    stage.directory.on_call = [](Talk& talk) { talk.result(R"({"contents":[]})"); };
    const auto request = stage.ask_modern("resources/read", R"("uri":"test://a",)", "test://a");
    CHECK(stage.answer_to(request)["result"] ==
          json_of(R"({"resultType":"complete","ttlMs":0,"cacheScope":"private","contents":[]})"));
}

TEST_CASE("a legacy client's subscription is counted once, journalled, and ends with its session") {
    DialogueStage stage;
    stage.open_session("{}");
    const auto ask = [&](const std::string& method, const std::string& uri) {
        return stage.answer_to(stage.ask_legacy(method, "{\"uri\":\"" + uri + "\"}"));
    };
    CHECK(ask("resources/subscribe", "test://a")["result"] == Json::object());
    CHECK(ask("resources/subscribe", "test://a")["result"] == Json::object());
    CHECK(stage.directory.watched == std::vector<std::string>{"test://a"});
    CHECK(ask("resources/unsubscribe", "test://a")["result"] == Json::object());
    CHECK(ask("resources/unsubscribe", "test://a")["result"] == Json::object());
    CHECK(stage.directory.unwatched == std::vector<std::string>{"test://a"});
    CHECK(ask("resources/subscribe", "test://hidden")["error"]["code"] == -32002);
    CHECK(stage.outcomes().size() == 4);
    ask("resources/subscribe", "test://a");
    HttpRequest end = stage.legacy("");
    end.method = "DELETE";
    stage.send(std::move(end));
    CHECK(stage.directory.unwatched.size() == 2);
}

TEST_CASE("a subscription that comes through after its session has ended is taken back") {
    DialogueStage stage;
    stage.open_session("{}");
    stage.directory.holds_watches = true;
    const auto asked = stage.ask_legacy("resources/subscribe", R"({"uri":"test://a"})");
    HttpRequest end = stage.legacy("");
    end.method = "DELETE";
    stage.answered(stage.send(std::move(end)));
    CHECK(stage.directory.unwatched.empty());
    stage.directory.holds_watches = false;
    stage.directory.watch_wake.cancel();
    CHECK(stage.answered(asked));
    CHECK(stage.directory.unwatched == std::vector<std::string>{"test://a"});
}

TEST_CASE("methods of the other era do not exist") {
    DialogueStage stage;
    stage.open_session("{}");
    CHECK(stage.answer_to(stage.ask_legacy("tasks/update", "{}"))["error"]["code"] == -32601);
    for (const std::string method : {"tasks/result", "tasks/list", "resources/subscribe"}) {
        const auto request = stage.ask_modern(method, "", "", task_extension);
        CHECK(stage.answer_to(request)["error"]["code"] == -32601);
        CHECK(request->status == 404);
    }
    CHECK(Calls::handles("tasks/result"));
    CHECK_FALSE(Calls::handles("tasks/result", Era::modern));
    CHECK_FALSE(Calls::handles("tools/list"));
}

TEST_CASE("a legacy task has the gateway's id on every way, and is its owner's alone") {
    DialogueStage stage;
    stage.open_session(R"({"elicitation":{}})");
    const auto made =
        stage.ask_legacy("tools/call", R"({"name":"echo_echo","task":{"ttl":60000}})");
    CHECK(stage.talk(0).call->params == R"({"name":"echo","task":{"ttl":60000}})");
    stage.talk(0).result(R"({"task":{"taskId":"up-1","status":"working","ttl":60000}})");
    const std::string id = stage.answer_to(made)["result"]["task"]["taskId"].get<std::string>();
    CHECK(id != "up-1");
    const std::string named = "{\"taskId\":\"" + id + "\"}";

    const auto polled = stage.ask_legacy("tasks/get", named);
    CHECK(stage.talk(1).call->params == R"({"taskId":"up-1"})");
    stage.talk(1).result(R"({"taskId":"up-1","status":"input_required"})");
    CHECK(stage.answer_to(polled)["result"]["taskId"] == id);

    // Its questions come with tasks/result, and name the task as the client knows it.
    const auto result = stage.ask_legacy("tasks/result", named);
    const auto related = [](const std::string& task) {
        return R"({"message":"m","_meta":{"io.modelcontextprotocol/related-task":{"taskId":")" +
               task + R"("}}})";
    };
    stage.talk(2).ask("elicitation/create", related("up-1"));
    stage.settle();
    const Json question = json_of(result->messages().at(0));
    CHECK(question["params"] == json_of(related(id)));
    stage.send(stage.legacy(R"({"jsonrpc":"2.0","id":)" + dump_json(question["id"]) +
                            ",\"result\":" + related(id) + "}"));
    CHECK(stage.talk(2).answers == std::vector<std::string>{related("up-1")});
    stage.talk(2).result(related("up-1"));
    CHECK(stage.answer_to(result)["result"] == json_of(related(id)));

    const auto listed = stage.ask_legacy("tasks/list", "{}");
    stage.talk(3).result(R"({"tasks":[{"taskId":"up-0"},{"taskId":"up-1","status":"working"}],)"
                         R"("nextCursor":"c"})");
    stage.talk(4).result(R"({"tasks":[{"taskId":"up-2"}]})");
    CHECK(stage.talk(4).call->params == R"({"cursor":"c"})");
    const Json tasks = stage.answer_to(listed)["result"]["tasks"];
    REQUIRE(tasks.size() == 1);
    CHECK(tasks[0]["taskId"] == id);

    // Another principal, and the connector's own id.
    CHECK(stage.answer_to(stage.ask_legacy("tasks/get", R"({"taskId":"up-1"})"))["error"]["code"] ==
          -32602);
    stage.open_session("{}", "2025-11-25", stage.gateway.other_token);
    const auto foreign = [&](const std::string& method) {
        HttpRequest request = stage.legacy(R"({"jsonrpc":"2.0","id":1,"method":")" + method +
                                           R"(","params":)" + named + "}");
        request.headers[1].second = "Bearer " + stage.gateway.other_token;
        return stage.answer_to(stage.send(std::move(request)));
    };
    for (const std::string method : {"tasks/get", "tasks/result", "tasks/cancel"}) {
        CHECK(foreign(method)["error"]["code"] == -32602);
    }
    CHECK(foreign("tasks/list")["result"]["tasks"] == Json::array());
    CHECK(stage.directory.talks.size() == 5);
    stage.outcomes();
}

TEST_CASE("a long list of tasks comes in pages, and its cursor is the connector's own in ours") {
    DialogueStage stage;
    stage.open_session("{}");
    const auto made = stage.ask_legacy("tools/call", R"({"name":"echo_echo","task":{}})");
    stage.talk(0).result(R"({"task":{"taskId":"own","status":"working"}})");
    stage.answered(made);
    // The connector lists 25 pages of others' tasks, and the caller's own on the last one.
    stage.directory.on_call = [](Talk& talk) {
        const Json params = json_of(talk.call->params);
        const int page = std::stoi(params.value("cursor", "p0").substr(1));
        if (page > 24) {
            talk.error(R"({"code":-32602,"message":"Invalid cursor"})");
        } else if (page == 24) {
            talk.result(R"({"tasks":[{"taskId":"own"}]})");
        } else {
            talk.result(R"({"tasks":[{"taskId":"other"}],"nextCursor":"p)" +
                        std::to_string(page + 1) + "\"}");
        }
    };
    const auto list = [&](const std::string& params) {
        return stage.answer_to(stage.ask_legacy("tasks/list", params));
    };
    const Json first = list("{}")["result"];
    CHECK(first["tasks"] == Json::array());
    CHECK(first["nextCursor"] == "echo:p20");
    const Json second = list(R"({"cursor":"echo:p20"})")["result"];
    REQUIRE(second["tasks"].size() == 1);
    CHECK(second["tasks"][0]["taskId"] ==
          json_of(made->messages().back())["result"]["task"]["taskId"]);
    CHECK_FALSE(second.contains("nextCursor"));
    CHECK(list(R"({"cursor":"echo:p99"})")["error"]["code"] == -32602);
    const std::size_t asked_count = stage.directory.talks.size();
    CHECK(list(R"({"cursor":"p20"})")["error"]["code"] == -32602);
    CHECK(list(R"({"cursor":7})")["error"]["code"] == -32602);
    CHECK(list(R"({"cursor":"zzz:p20"})")["result"]["tasks"] == Json::array());
    CHECK(stage.directory.talks.size() == asked_count);
}

TEST_CASE("a modern task needs the extension, has the gateway's id, and is its owner's alone") {
    DialogueStage stage;
    stage.directory.set_era(Era::modern);
    const auto made =
        stage.ask_modern("tools/call", R"("name":"echo_echo",)", "echo_echo", task_extension);
    stage.talk(0).result(
        R"({"resultType":"task","taskId":"up-1","status":"working","ttlMs":null})");
    const Json task = stage.answer_to(made)["result"];
    const std::string id = task["taskId"].get<std::string>();
    CHECK(id != "up-1");
    CHECK_FALSE(task.contains("requestState"));
    const std::string named = "\"taskId\":\"" + id + "\",";

    const auto without = stage.ask_modern("tasks/get", named, id);
    CHECK(stage.answer_to(without)["error"]["code"] == -32021);
    CHECK(without->status == 400);
    CHECK(stage.answer_to(without)["error"]["data"] ==
          json_of(R"({"requiredCapabilities":)" + task_extension + "}"));
    const auto foreign =
        stage.ask_modern("tasks/get", named, id, task_extension, "", stage.gateway.other_token);
    CHECK(stage.answer_to(foreign)["error"]["code"] == -32602);

    const auto polled = stage.ask_modern("tasks/get", named, id, task_extension);
    stage.talk(1).result(R"({"resultType":"complete","taskId":"up-1","status":"working"})");
    CHECK(stage.answer_to(polled)["result"]["taskId"] == id);
    const auto updated = stage.ask_modern("tasks/update", named + R"("inputResponses":{"a":{}},)",
                                          id, task_extension);
    CHECK(stage.talk(2).call->params == R"({"taskId":"up-1","inputResponses":{"a":{}}})");
    stage.talk(2).result(R"({"resultType":"complete"})");
    CHECK(stage.answer_to(updated)["result"] == json_of(R"({"resultType":"complete"})"));
    CHECK(stage.outcomes() == std::vector<std::string>{"task", "result", "result"});
}

TEST_CASE("a modern client that listens for its own tasks is told of them, and of no other's") {
    DialogueStage stage;
    stage.directory.set_era(Era::modern);
    const auto made =
        stage.ask_modern("tools/call", R"("name":"echo_echo",)", "echo_echo", task_extension);
    stage.talk(0).result(R"({"resultType":"task","taskId":"up-1","status":"working"})");
    const std::string id = stage.answer_to(made)["result"]["taskId"].get<std::string>();
    const std::string wanted = R"("notifications":{"taskIds":[")" + id + R"(","up-1"]},)";

    const auto refused = stage.ask_modern("subscriptions/listen", wanted, "");
    CHECK(stage.answer_to(refused)["error"]["data"]["requiredCapabilities"] ==
          json_of(task_extension));
    CHECK(refused->status == 400);
    const auto stream = stage.ask_modern("subscriptions/listen", wanted, "", task_extension);
    const auto foreign = stage.ask_modern("subscriptions/listen", wanted, "", task_extension, "",
                                          stage.gateway.other_token);
    CHECK(stage.directory.watched == std::vector<std::string>{runtime::watched_task("up-1")});
    CHECK(json_of(stream->messages().at(0))["params"]["notifications"] ==
          json_of(R"({"taskIds":[")" + id + "\"]}"));
    CHECK(json_of(foreign->messages().at(0))["params"]["notifications"] == Json::object());

    const auto tell = [&](const std::string& params) {
        const ConnectorName connector("echo");
        const runtime::InstanceOwner nobodys;
        stage.gateway.endpoint->observer().on_notice(
            {connector, nobodys, "notifications/tasks", params});
        stage.settle();
    };
    tell(R"({"taskId":"up-2","status":"working"})");
    tell(R"({"taskId":"up-1","status":"input_required","inputRequests":{"q":{)"
         R"("method":"roots/list"}}})"); // which this client does not have
    tell(R"({"taskId":"up-1","status":"completed","result":{"content":[]}})");
    REQUIRE(stream->messages().size() == 2);
    const Json told = json_of(stream->messages().at(1));
    CHECK(told["method"] == "notifications/tasks");
    CHECK(told["params"]["taskId"] == id);
    CHECK(told["params"]["result"] == json_of(R"({"content":[]})"));
    CHECK(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == "m");
    CHECK(foreign->messages().size() == 1);
    stream->hang_up();
    foreign->hang_up();
    CHECK(stage.answered(stream));
    CHECK(stage.directory.unwatched == stage.directory.watched);
}

TEST_CASE("what would pass for a task further on is no URI of a resource") {
    DialogueStage stage;
    stage.open_session("{}");
    const auto asked = stage.ask_legacy("resources/subscribe", R"({"uri":"\u0001task:up-1"})");
    CHECK(stage.answer_to(asked)["error"]["code"] == -32002);
    CHECK(stage.directory.watched.empty());
}

TEST_CASE("a legacy client gets no task of the modern kind") {
    DialogueStage stage;
    stage.directory.set_era(Era::modern);
    stage.open_session("{}");
    stage.directory.on_call = [](Talk& talk) {
        talk.result(R"({"resultType":"task","taskId":"up-1"})");
    };
    const auto request = stage.ask_legacy("tools/call", R"({"name":"echo_echo","task":{}})");
    CHECK(stage.answer_to(request)["error"]["data"]["code"] == "GH-M408");
    CHECK(stage.talk(0).call->params == R"({"name":"echo"})");
}
