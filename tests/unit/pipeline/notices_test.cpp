#include "tests/unit/pipeline/streams_fixture.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

const std::string updated = "notifications/resources/updated";

std::string log_params(const std::string& level) {
    return R"({"level":")" + level + R"(","data":"d-)" + level + "\"}";
}

runtime::InstanceOwner other_member() {
    return {PrincipalId("agent:other"), ""};
}

} // namespace

TEST_CASE("ten thousand list changes reach a client as a few, and only after it is ready") {
    StreamsFixture fixture;
    const std::string ready = fixture.start_session("2025-11-25");
    const std::string early = fixture.start_session("2025-11-25", "{}", false);
    auto& stream = fixture.begin(fixture.get(ready));
    auto& early_stream = fixture.begin(fixture.get(early));
    for (int i = 0; i < 10'000; ++i) {
        fixture.notice("notifications/tools/list_changed");
        fixture.notice("notifications/resources/list_changed");
    }
    fixture.pass_gather_time();
    CHECK(count_of(stream.body, "notifications/tools/list_changed") == 1);
    CHECK(count_of(stream.body, "notifications/resources/list_changed") == 1);
    CHECK(count_of(early_stream.body, "list_changed") == 0);
}

TEST_CASE("a client that does not listen is told of a list change once when it does") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    for (int i = 0; i < 3; ++i) {
        fixture.notice("notifications/tools/list_changed");
        fixture.pass_gather_time();
    }
    CHECK(count_of(fixture.begin(fixture.get(id)).body, "tools/list_changed") == 1);
}

TEST_CASE("nothing of another member's or another session's instance reaches a client") {
    StreamsFixture fixture;
    const std::string mine = fixture.start_session("2025-11-25", R"({"elicitation":{}})");
    const std::string other = fixture.start_session("2025-11-25", R"({"elicitation":{}})");
    auto& stream = fixture.begin(fixture.get(mine));
    auto& listener = fixture.begin(
        fixture.modern("subscriptions/listen", R"("notifications":{"toolsListChanged":true},)"));
    const auto all = [&](const runtime::InstanceOwner& owner) {
        fixture.notice("notifications/tools/list_changed", {}, owner);
        fixture.notice("notifications/message", log_params("error"), owner);
        fixture.notice("notifications/elicitation/complete", R"({"elicitationId":"e"})", owner);
        fixture.pass_gather_time();
    };
    const std::string before = listener.body;
    all(other_member());
    all(StreamsFixture::owner_of(other));
    all({PrincipalId("agent:other"), mine});
    CHECK(stream.body == "id: 0-0\nretry: 3000\ndata: \n\n");
    CHECK(listener.body == before);
    all(StreamsFixture::owner_of(mine));
    CHECK(stream.body.find("tools/list_changed") != std::string::npos);
    CHECK(stream.body.find("d-error") != std::string::npos);
    CHECK(stream.body.find("elicitationId") != std::string::npos);
    CHECK(listener.body == before);
    fixture.notice("notifications/tools/list_changed", {}, {PrincipalId("agent:ci"), ""});
    fixture.pass_gather_time();
    CHECK(listener.body.find("tools/list_changed") != std::string::npos);
}

TEST_CASE("logs of a session's own instance are filtered by the level it set") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& stream = fixture.begin(fixture.get(id));
    fixture.begin(fixture.of(
        id,
        R"({"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"warning"}})"));
    for (const char* level : {"debug", "info", "warning", "emergency", "odd"}) {
        fixture.notice("notifications/message", log_params(level), StreamsFixture::owner_of(id));
    }
    fixture.notice("notifications/message", log_params("critical"));
    fixture.turn();
    CHECK(stream.body.find("d-debug") == std::string::npos);
    CHECK(stream.body.find("d-info") == std::string::npos);
    CHECK(stream.body.find("d-warning") != std::string::npos);
    CHECK(stream.body.find("d-emergency") != std::string::npos);
    CHECK(stream.body.find("d-odd") != std::string::npos);
    CHECK(stream.body.find("d-critical") == std::string::npos);
}

TEST_CASE("a subscribed resource's updates reach the subscriber, and end with the session") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    const std::string other = fixture.start_session("2025-11-25");
    auto& stream = fixture.begin(fixture.get(id));
    auto& other_stream = fixture.begin(fixture.get(other));
    CHECK(fixture
              .begin(fixture.of(id, R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe",)"
                                    R"("params":{"uri":"test://a"}})"))
              .json()
              .contains("result"));
    for (const char* uri : {"test://a", "test://a", "test://a/part", "test://ab", "test://b"}) {
        fixture.notice(updated, R"({"uri":")" + std::string(uri) + "\"}");
    }
    fixture.pass_gather_time();
    CHECK(count_of(stream.body, R"("uri":"test://a")") == 1);
    CHECK(count_of(stream.body, R"("uri":"test://a/part")") == 1);
    CHECK(stream.body.find("test://ab") == std::string::npos);
    CHECK(stream.body.find("test://b") == std::string::npos);
    CHECK(other_stream.body.find("updated") == std::string::npos);
    auto ended = fixture.get(id);
    ended.method = "DELETE";
    fixture.begin(ended);
    CHECK(fixture.directory.watched == std::vector<std::string>{"test://a"});
    CHECK(fixture.directory.unwatched == std::vector<std::string>{"test://a"});
}

TEST_CASE("a reload that takes a resource away ends what its subscribers are told of it") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25");
    auto& stream = fixture.begin(fixture.get(id));
    fixture.begin(fixture.of(id, R"({"jsonrpc":"2.0","id":1,"method":"resources/subscribe",)"
                                 R"("params":{"uri":"test://a"}})"));
    fixture.notice(updated, R"({"uri":"test://a"})");
    fixture.pass_gather_time();
    REQUIRE(count_of(stream.body, R"("uri":"test://a")") == 1);
    GatewayConfig next = fixture.config;
    next.virtual_servers.front().connectors.front().resources.deny = {"test://a"};
    CHECK(fixture.endpoint->reconfigure(next).any());
    fixture.notice(updated, R"({"uri":"test://a"})");
    fixture.pass_gather_time();
    CHECK(count_of(stream.body, R"("uri":"test://a")") == 1);
    CHECK(fixture.endpoint->reconfigure(fixture.config).any());
    fixture.notice(updated, R"({"uri":"test://a"})");
    fixture.pass_gather_time();
    CHECK(count_of(stream.body, R"("uri":"test://a")") == 2);
}

TEST_CASE("what a connector asks outside of any call is asked on the session's own stream") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-11-25", R"({"elicitation":{}})");
    const ConnectorName connector("echo");
    std::vector<std::string> answers;
    const auto ask = [&](const std::string& method) {
        auto request = std::make_shared<runtime::InputRequest>();
        request->method = method;
        request->params = R"({"message":"?"})";
        request->set_answer_handler([&](std::string result, std::string error) {
            answers.push_back(result + "|" + error);
        });
        fixture.endpoint->observer().on_unsolicited_input(connector, StreamsFixture::owner_of(id),
                                                          request);
        fixture.turn();
        return request;
    };
    ask("elicitation/create");
    CHECK(answers.back().find("-32603") != std::string::npos); // nobody listens
    auto& stream = fixture.begin(fixture.get(id));
    ask("sampling/createMessage");
    CHECK(answers.back().find("-32601") != std::string::npos); // not declared
    const auto asked = ask("elicitation/create");
    CHECK(answers.size() == 2);
    CHECK(stream.body.find(R"("id":1,"method":"elicitation/create","params":{"message":"?"})") !=
          std::string::npos);
    fixture.begin(fixture.of(id, R"({"jsonrpc":"2.0","id":1,"result":{"action":"decline"}})"));
    CHECK(answers.back() == R"({"action":"decline"}|)");
    ask("elicitation/create")->withdraw();
    fixture.turn();
    CHECK(stream.body.find(R"("method":"notifications/cancelled","params":{"requestId":2})") !=
          std::string::npos);
    CHECK(answers.size() == 3);
    ask("elicitation/create");
    auto ended = fixture.get(id);
    ended.method = "DELETE";
    fixture.begin(ended);
    CHECK(answers.back().find("session ended") != std::string::npos);
}

TEST_CASE("a listen stream acknowledges what it honours, and carries its id in every message") {
    StreamsFixture fixture;
    auto request = fixture.modern(
        "subscriptions/listen",
        R"("notifications":{"toolsListChanged":true,"promptsListChanged":false,)"
        R"("resourceSubscriptions":["test://a","test://a","test://no-such://"],"x":true},)");
    request.body.replace(request.body.find("\"m\""), 3, "1764000000000");
    auto& stream = fixture.begin(request);
    CHECK(stream.status == 200);
    CHECK(stream.stream_type == "text/event-stream");
    const std::string meta = R"("_meta":{"io.modelcontextprotocol/subscriptionId":1764000000000})";
    CHECK(stream.body.starts_with(
        R"(event: message)"
        "\n"
        R"(data: {"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{)" +
        meta +
        R"(,"notifications":{"toolsListChanged":true,)"
        R"("resourceSubscriptions":["test://a")"));
    fixture.notice("notifications/tools/list_changed");
    fixture.notice("notifications/prompts/list_changed");
    fixture.notice("notifications/resources/list_changed");
    fixture.notice(updated, R"({"uri":"test://a"})");
    fixture.pass_gather_time();
    CHECK(stream.body.find(
              R"({"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{)" + meta +
              "}}") != std::string::npos);
    CHECK(stream.body.find("prompts/list_changed") == std::string::npos);
    CHECK(stream.body.find("resources/list_changed") == std::string::npos);
    CHECK(stream.body.find(R"("method":"notifications/resources/updated","params":{)" + meta +
                           R"(,"uri":"test://a")") != std::string::npos);
    fixture.hang_up(stream);
    CHECK(stream.finished);
    CHECK(fixture.directory.unwatched.size() == fixture.directory.watched.size());
}

TEST_CASE("a listen stream ends with its result when the gateway stops") {
    StreamsFixture fixture;
    auto& stream = fixture.begin(
        fixture.modern("subscriptions/listen", R"("notifications":{"toolsListChanged":true},)"));
    CHECK_FALSE(stream.finished);
    fixture.endpoint->stop();
    fixture.turn();
    CHECK(stream.finished);
    CHECK(stream.body.find(R"("id":"m","result":{"resultType":"complete","_meta":{)"
                           R"("io.modelcontextprotocol/subscriptionId":"m",)") !=
          std::string::npos);
    const auto& late = fixture.begin(
        fixture.modern("subscriptions/listen", R"("notifications":{"toolsListChanged":true},)"));
    CHECK(late.status == 503);
}

TEST_CASE("listen streams are bounded, and a filter that is none is refused") {
    StreamsFixture fixture;
    const auto listen = [&](const std::string& params) -> RecordingResponder& {
        return fixture.begin(fixture.modern("subscriptions/listen", params));
    };
    for (const char* params :
         {"", R"("notifications":[],)", R"("notifications":{"resourceSubscriptions":"test://a"},)",
          R"("notifications":{"resourceSubscriptions":[1]},)"}) {
        CHECK(listen(params).json()["error"]["code"] == -32602);
    }
    std::vector<RecordingResponder*> open;
    for (int i = 0; i < 64; ++i) {
        open.push_back(&listen(R"("notifications":{},)"));
        CHECK(open.back()->status == 200);
    }
    auto& refused = listen(R"("notifications":{},)");
    CHECK(refused.status == 503);
    CHECK(refused.json()["error"]["data"]["code"] == "GH-R713");
    fixture.hang_up(*open.front());
    CHECK(listen(R"("notifications":{},)").status == 200);
}
