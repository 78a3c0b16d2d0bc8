#include "tests/unit/pipeline/streams_fixture.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using namespace gatehouse::gateway::testing;

namespace {

std::string repeated(const std::string& message, int count) {
    std::string body = "[";
    for (int i = 0; i < count; ++i) {
        body += (i == 0 ? "" : ",") + message;
    }
    return body + "]";
}

const std::string ping_1 = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";

} // namespace

TEST_CASE("a batch in a session of 2025-03-26 is answered by an array, and is answered whole") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-03-26");
    const auto answers =
        fixture
            .begin(
                fixture.of(id, " [" + ping_1 +
                                   R"(,{"jsonrpc":"2.0","id":"t","method":"tools/list"},)"
                                   R"({"jsonrpc":"2.0","method":"notifications/cancelled"},)"
                                   R"({"jsonrpc":"2.0","id":3,"method":"no/such"},)"
                                   R"({"jsonrpc":"2.0","id":4,"method":"tools/call","params":)"
                                   R"({"name":"echo_echo","arguments":{}}},)"
                                   R"({"jsonrpc":"2.0","id":5,"method":"initialize","params":{}},)"
                                   R"({"id":6,"method":"ping"}, []])"))
            .json();
    REQUIRE(answers.is_array());
    CHECK(answers.size() == 7);
    const auto of = [&](const Json& wanted) {
        for (const Json& answer : answers) {
            if (answer["id"] == wanted) {
                return answer;
            }
        }
        return Json();
    };
    CHECK(of(1)["result"] == Json::object());
    CHECK(of("t")["result"]["tools"].size() == 1);
    CHECK(of(3)["error"]["code"] == -32601);
    CHECK(of(4)["result"]["content"] == Json::array());
    CHECK(of(5)["error"]["code"] == -32600);
    CHECK(of(6)["error"]["code"] == -32600);
    CHECK(of(nullptr)["error"]["code"] == -32600);
}

TEST_CASE("a batch without requests is accepted with 202") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-03-26");
    const auto& reply =
        fixture.begin(fixture.of(id, R"([{"jsonrpc":"2.0","method":"notifications/cancelled"},)"
                                     R"({"jsonrpc":"2.0","id":7,"result":{}}])"));
    CHECK(reply.status == 202);
    CHECK(reply.body.empty());
    CHECK(fixture.endpoint->stray_response_count() == 1);
}

TEST_CASE("a batch is refused where there are none, and in a wrong size") {
    StreamsFixture fixture;
    const std::string newer = fixture.start_session("2025-06-18");
    const std::string id = fixture.start_session("2025-03-26");
    const auto refused = [&](HttpRequest request) {
        const auto& reply = fixture.begin(std::move(request));
        CHECK(reply.status == 400);
        CHECK(reply.json()["id"] == nullptr);
        return reply.json()["error"]["code"].get<int>();
    };
    CHECK(refused(fixture.post(repeated(ping_1, 1))) == -32600);
    CHECK(refused(fixture.of(newer, repeated(ping_1, 1))) == -32600);
    CHECK(refused(fixture.of(id, "[]")) == -32600);
    CHECK(refused(fixture.of(id, repeated(ping_1, 65))) == -32600);
    CHECK(refused(fixture.of(id, "[" + ping_1)) == -32700);
    CHECK(fixture.begin(fixture.of(id, repeated(ping_1, 64))).json().size() == 64);
}

TEST_CASE("a batch in which one call streams is answered by events") {
    StreamsFixture fixture;
    const std::string id = fixture.start_session("2025-03-26");
    const auto& reply = fixture.begin(fixture.of(
        id, "[" + ping_1 +
                R"(,{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{)"
                R"("name":"echo_echo","arguments":{},"_meta":{"progressToken":"p"}}}])"));
    CHECK(reply.stream_type == "text/event-stream");
    CHECK(reply.finished);
    CHECK(count_of(reply.body, R"("id":1,"result":{})") == 1);
    CHECK(count_of(reply.body, R"("progressToken":"p")") == 1);
    CHECK(count_of(reply.body, R"("id":2,"result")") == 1);
}
