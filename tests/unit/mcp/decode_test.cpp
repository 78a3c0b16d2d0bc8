#include "gateway/mcp/client_facts.hpp"
#include "gateway/mcp/decode.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

struct ModernRequest {
    std::string method = "tools/list";
    std::string params;
    std::string version = "2026-07-28";
    std::string meta = R"(,"io.modelcontextprotocol/clientCapabilities":{})";
    std::vector<std::pair<std::string, std::string>> headers = {
        {"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/list"}};

    HttpRequest http() const {
        HttpRequest request;
        request.method = "POST";
        request.headers = headers;
        request.body = R"({"jsonrpc":"2.0","id":7,"method":")" + method + R"(","params":{)" +
                       params + R"("_meta":{"io.modelcontextprotocol/protocolVersion":")" +
                       version + "\"" + meta + "}}}";
        return request;
    }
};

// "200 0" for what is accepted, else HTTP status and code.
std::string verdict(const HttpRequest& request) {
    const auto decoded = decode_message(request);
    if (const auto* refusal = std::get_if<DecodeRefusal>(&decoded)) {
        return std::to_string(refusal->refusal.http_status) + " " +
               std::to_string(refusal->refusal.code);
    }
    return "200 0";
}

std::string named(const std::string& method, const std::string& params,
                  std::optional<std::string> name) {
    ModernRequest request;
    request.method = method;
    request.params = params;
    request.headers[1].second = method;
    if (name) {
        request.headers.emplace_back("mcp-name", *name);
    }
    return verdict(request.http());
}

} // namespace

TEST_CASE("the checks of a modern request come in the order of the specification") {
    ModernRequest request;
    CHECK(verdict(request.http()) == "200 0");
    request.headers[1] = {"MCP-METHOD", "  tools/list "};
    CHECK(verdict(request.http()) == "200 0");
    request.headers[1].second = "TOOLS/LIST";
    CHECK(verdict(request.http()) == "400 -32020");
    request.headers.pop_back();
    CHECK(verdict(request.http()) == "400 -32020");
    request.version = "v999.0.0";
    CHECK(verdict(request.http()) == "400 -32020");
    request.headers[0].second = "v999.0.0";
    CHECK(verdict(request.http()) == "400 -32022");
    request.headers.clear();
    CHECK(verdict(request.http()) == "400 -32020");
    request.meta = "";
    CHECK(verdict(request.http()) == "400 -32602");
    request.meta = R"(,"io.modelcontextprotocol/clientCapabilities":[])";
    CHECK(verdict(request.http()) == "400 -32602");
}

TEST_CASE("a modern refusal carries the request's id, and the versions that would do") {
    ModernRequest request;
    request.version = "v999.0.0";
    request.headers[0].second = "v999.0.0";
    const HttpRequest http = request.http();
    const auto decoded = decode_message(http);
    const auto& refusal = std::get<DecodeRefusal>(decoded);
    CHECK(refusal.id == "7");
    CHECK(refusal.refusal.data == R"({"supported":["2026-07-28"],"requested":"v999.0.0"})");
}

TEST_CASE("methods that the modern era does not have are 404, before Mcp-Name is looked at") {
    for (const char* method : {"initialize", "ping", "logging/setLevel", "resources/subscribe",
                               "resources/unsubscribe", "tasks/result", "tasks/list", "x/y"}) {
        CHECK(named(method, "", std::nullopt) == "404 -32601");
    }
    CHECK(named("tasks/get", R"("taskId":"t",)", std::nullopt) == "400 -32020");
}

TEST_CASE("Mcp-Name mirrors name, uri or taskId, plain or in base64") {
    CHECK(named("tools/call", R"("name":"a b",)", "a b") == "200 0");
    CHECK(named("tools/call", R"("name":"a b",)", "  a b\t") == "200 0");
    CHECK(named("tools/call", R"("name":"a",)", "b") == "400 -32020");
    CHECK(named("tools/call", R"("name":"a",)", std::nullopt) == "400 -32020");
    CHECK(named("tools/call", "", "a") == "400 -32020");
    CHECK(named("tools/call", "", std::nullopt) == "200 0"); // its params are wrong, no header
    CHECK(named("prompts/get", R"("name":"é",)", "=?base64?w6k=?=") == "200 0");
    CHECK(named("prompts/get", R"("name":"é",)", "=?base64?w6k?=") == "400 -32020");
    CHECK(named("prompts/get", R"("name":"é",)", "=?base64?w6!k?=") == "400 -32020");
    CHECK(named("resources/read", R"("uri":"test://x",)", "test://x") == "200 0");
    CHECK(named("resources/read", R"("uri":"test://x",)", "test://y") == "400 -32020");
    CHECK(named("tasks/cancel", R"("taskId":"t",)", "t") == "200 0");
    CHECK(named("tasks/update", R"("taskId":"t",)", "u") == "400 -32020");
    CHECK(named("tools/call", R"("name":"SGVsbG8=",)", "SGVsbG8=") == "200 0");
    CHECK(named("tools/call", R"("name":"=?base64?SGVsbG8=",)", "=?base64?SGVsbG8=") == "200 0");
}

TEST_CASE("the log level of a modern request is one of the eight") {
    ModernRequest request;
    request.meta += R"(,"io.modelcontextprotocol/logLevel":"notice")";
    const HttpRequest http = request.http();
    const auto decoded = decode_message(http);
    CHECK(std::get<McpMessage>(decoded).log_level == "notice");
    request.meta = R"(,"io.modelcontextprotocol/clientCapabilities":{},)"
                   R"("io.modelcontextprotocol/logLevel":"loud")";
    CHECK(verdict(request.http()) == "400 -32602");
}

TEST_CASE("notifications of the modern era are checked where they say a version") {
    HttpRequest plain;
    plain.headers = {{"MCP-Protocol-Version", "2026-07-28"}};
    plain.body = R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})";
    const auto decoded = decode_message(plain);
    CHECK(std::get<McpMessage>(decoded).era == Era::modern);
    HttpRequest tagged = plain;
    tagged.body = R"({"jsonrpc":"2.0","method":"notifications/x","params":{"_meta":)"
                  R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})";
    CHECK(verdict(tagged) == "400 -32020");
    tagged.headers.emplace_back("Mcp-Method", "notifications/x");
    CHECK(verdict(tagged) == "200 0");
    tagged.headers[0].second = "2025-11-25";
    CHECK(verdict(tagged) == "400 -32020");
}

TEST_CASE("a request that is modern by its header alone, and a modern response, are refused") {
    HttpRequest request;
    request.headers = {{"MCP-Protocol-Version", "2026-07-28"}};
    request.body = R"({"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{}}})";
    CHECK(verdict(request) == "400 -32602");
    request.body = R"({"jsonrpc":"2.0","id":1,"result":{}})";
    CHECK(verdict(request) == "400 -32600");
    request.body = R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})";
    CHECK(verdict(request) == "200 0");
}

TEST_CASE(
    "a legacy request may name any legacy version, and headers of the other era are ignored") {
    HttpRequest request;
    request.body = R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})";
    request.headers = {{"Mcp-Method", "prompts/list"}};
    CHECK(verdict(request) == "200 0");
    for (const char* version : {"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"}) {
        request.headers = {{"MCP-Protocol-Version", version}};
        CHECK(verdict(request) == "200 0");
    }
    request.headers = {{"MCP-Protocol-Version", "2025-03-27"}};
    CHECK(verdict(request) == "400 -32600");
}

TEST_CASE("media types are compared without case, and both must be accepted") {
    const auto status = [](const std::string& type, const std::string& accept) {
        HttpRequest request;
        request.headers = {{"Content-Type", type}, {"Accept", accept}};
        const auto reply = check_post_headers(request);
        return reply ? reply->status : 200;
    };
    const std::string both = "text/event-stream, application/json";
    CHECK(status("application/json", both) == 200);
    CHECK(status("Application/JSON; charset=utf-8", "Application/Json, Text/Event-Stream") == 200);
    CHECK(status("application/json", "*/*") == 200);
    CHECK(status("text/plain", both) == 415);
    CHECK(status("text/plain; x=application/json", both) == 415);
    CHECK(status("application/jsonp", both) == 415);
    CHECK(status("", both) == 415);
    CHECK(status("application/json", "application/json") == 406);
    CHECK(status("application/json", "text/event-stream") == 406);
    CHECK(status("application/json", "") == 406);
}

TEST_CASE("one client's words are kept once, and another principal has its own") {
    KnownClients clients;
    const PrincipalId alice("agent:alice"), bob("agent:bob");
    const std::string info = R"({"name":"c","version":"2"})";
    const auto first = clients.find(alice, R"({"sampling":{}})", info);
    CHECK(first == clients.find(alice, R"({"sampling":{}})", info));
    CHECK(first->text == "c/2");
    CHECK(first->answers_input);
    CHECK(first->principal == alice);
    const auto other = clients.find(bob, R"({"sampling":{}})", info);
    CHECK(other != first);
    CHECK(other->principal == bob);
    const auto plain = clients.find(alice, "{}", "\"no object\"");
    CHECK_FALSE(plain->answers_input);
    CHECK(plain->client_info.empty());
    CHECK(plain->text.empty());
}

TEST_CASE("a body that is no JSON is answered with id null, and a readable one with its own id") {
    const auto refused_id = [](const std::string& body) {
        HttpRequest request;
        request.body = body;
        const auto decoded = decode_message(request);
        const auto& refusal = std::get<DecodeRefusal>(decoded);
        return refusal.id + " " + std::to_string(refusal.refusal.code);
    };
    CHECK(refused_id(R"({"jsonrpc":"2.0","id":1,"method":"ping")") == "null -32700");
    CHECK(refused_id("{\"jsonrpc\":\"2.0\",\"id\":\"\x9f\xdb\",\"method\":\"ping\"}") ==
          "null -32700");
    CHECK(refused_id(R"({"id":1,"method":"ping"})") == "1 -32600");
    CHECK(refused_id(R"({"jsonrpc":"2.0","id":"a","method":"ping","result":1})") == "\"a\" -32600");
    CHECK(refused_id(R"({"jsonrpc":"2.0","id":1.5,"method":"ping"})") == "null -32600");
    CHECK(refused_id("[]") == "null -32600");
}
