#include "gateway/mcp/transcode.hpp"
#include "runtime/session/json_scan.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

std::string transcoded(std::string_view method, Era connector, Era client,
                       const std::string& result) {
    std::string text = edited(result, era_edits(method, connector, client, result));
    INFO(text);
    CHECK(runtime::validate_json(text).has_value());
    return text;
}

std::string for_modern(const std::string& result, std::string_view method = "tools/call") {
    return transcoded(method, Era::legacy, Era::modern, result);
}

std::string for_legacy(const std::string& result, std::string_view method = "tools/call") {
    return transcoded(method, Era::modern, Era::legacy, result);
}

std::string whole(const HttpReply& reply) {
    return reply.body_prefix + reply.body.substr(reply.body_offset, reply.body_length) +
           reply.body_suffix;
}

runtime::CallReply reply_with(const std::string& body) {
    runtime::CallReply reply;
    reply.end = runtime::CallEnd::result;
    reply.frame = R"({"jsonrpc":"2.0","id":7,"result":)" + body + "}";
    reply.body_offset = reply.frame.find(body);
    reply.body_length = body.size();
    return reply;
}

} // namespace

TEST_CASE("a legacy result gets the members a modern one must have, and no byte else") {
    CHECK(for_modern(R"({"content":[ ] })") == R"({"resultType":"complete","content":[ ] })");
    CHECK(for_modern("{}") == R"({"resultType":"complete"})");
    CHECK(for_modern("{ }") == R"({"resultType":"complete" })");
    CHECK(for_modern(R"({"contents":[]})", "resources/read") ==
          R"({"resultType":"complete","ttlMs":0,"cacheScope":"private","contents":[]})");
    CHECK(for_modern(R"({"completion":{"values":[]}})", "completion/complete") ==
          R"({"resultType":"complete","completion":{"values":[]}})");
}

TEST_CASE("what a modern connector read holds as long as it says, and for the one who asked") {
    const auto read = [](const std::string& result) {
        return edited(result, era_edits("resources/read", Era::modern, Era::modern, result));
    };
    CHECK(read(R"({"resultType":"complete","ttlMs":7,"cacheScope":"private","contents":[]})") ==
          R"({"resultType":"complete","ttlMs":7,"cacheScope":"private","contents":[]})");
    CHECK(read(R"({"resultType":"complete","ttlMs":7,"cacheScope":"public","contents":[]})") ==
          R"({"resultType":"complete","ttlMs":7,"cacheScope":"private","contents":[]})");
    CHECK(read(R"({"resultType":"complete","contents":[]})") ==
          R"({"ttlMs":0,"cacheScope":"private","resultType":"complete","contents":[]})");
    CHECK(read(R"({"ttlMs":7,"contents":[]})") ==
          R"({"resultType":"complete","cacheScope":"private","ttlMs":7,"contents":[]})");
    CHECK(read("{}") == R"({"resultType":"complete","ttlMs":0,"cacheScope":"private"})");
    CHECK(read(R"({"resultType":"input_required"})") == R"({"resultType":"input_required"})");
}

TEST_CASE("what a legacy connector says of the kind of its result is not believed") {
    CHECK(for_modern(R"({"resultType":"input_required","a":1})") ==
          R"({"resultType":"complete","a":1})");
    CHECK(for_modern(R"({"a":1,"resultType":"task"})") == R"({"resultType":"complete","a":1})");
    CHECK(for_modern(R"({"resultType":"task"})") == R"({"resultType":"complete"})");
    CHECK(for_modern(R"({"result\u0054ype":"task","a":1})") ==
          R"({"resultType":"complete","a":1})");
    CHECK(for_modern(R"({"content":[{"resultType":"x"}]})") ==
          R"({"resultType":"complete","content":[{"resultType":"x"}]})");
}

TEST_CASE("a modern result loses what a legacy client does not know, wherever it stands") {
    CHECK(for_legacy(R"({"resultType":"complete","content":[]})") == R"({"content":[]})");
    CHECK(for_legacy(R"({"content":[],"resultType":"complete"})") == R"({"content":[]})");
    CHECK(for_legacy(R"({"a":1, "resultType":"complete", "b":2})") == R"({"a":1, "b":2})");
    CHECK(for_legacy(R"({"resultType":"complete"})") == "{}");
    CHECK(for_legacy(R"({"a":1,"ttlMs":5,"cacheScope":"public","resultType":"complete"})") ==
          R"({"a":1})");
    CHECK(for_legacy(R"({"ttlMs":5,"a":1,"cacheScope":"public","b":2,"resultType":"complete"})") ==
          R"({"a":1,"b":2})");
    CHECK(for_legacy(R"({"a":{"resultType":"stays"}})") == R"({"a":{"resultType":"stays"}})");
}

TEST_CASE("of a modern result's _meta a legacy client gets what is not the protocol's") {
    CHECK(for_legacy(R"({"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s"},"mine":1},)"
                     R"("content":[]})") == R"({"_meta":{"mine":1},"content":[]})");
    CHECK(for_legacy(R"({"content":[],"_meta":{"io.modelcontextprotocol/serverInfo":{}},)"
                     R"("resultType":"complete"})") == R"({"content":[]})");
    CHECK(for_legacy(R"({"_meta":{"io.modelcontextprotocol\/serverInfo":{}},"a":1})") ==
          R"({"a":1})");
    CHECK(for_legacy(R"({"_meta":{"mine":1}})") == R"({"_meta":{"mine":1}})");
}

TEST_CASE("between sides of one era nothing is touched") {
    const std::string result =
        R"({"resultType":"complete","_meta":{"io.modelcontextprotocol/x":1}})";
    CHECK(transcoded("tools/call", Era::modern, Era::modern, result) == result);
    CHECK(transcoded("tools/call", Era::legacy, Era::legacy, result) == result);
}

TEST_CASE("a modern result that does not say it is complete is made to say so") {
    CHECK(transcoded("tools/call", Era::modern, Era::modern, R"({"content":[]})") ==
          R"({"resultType":"complete","content":[]})");
}

TEST_CASE("a large result stays where it is: only its ends are cut off and written anew") {
    const std::string large(1 << 20, 'x');
    const std::string body = R"({"resultType":"complete","text":")" + large +
                             R"(","ttlMs":1,"_meta":{"io.modelcontextprotocol/serverInfo":{}}})";
    auto reply = reply_with(body);
    const char* const bytes = reply.frame.data();
    const auto edits = era_edits("tools/call", Era::modern, Era::legacy, body);
    const HttpReply out = spliced_reply("{\"result\":", std::move(reply), edits);
    CHECK(out.body.data() == bytes);
    CHECK(out.body_prefix.size() + out.body_suffix.size() < 64);
    CHECK(whole(out) == "{\"result\":{\"text\":\"" + large + "\"}}");
}

TEST_CASE("edits may come in any order, and one in the middle leaves the larger side in place") {
    const std::string body = R"({"a":"111","b":"2222222222222222222222","c":"3"})";
    const std::string_view view = body;
    const auto out = spliced_reply("{\"result\":", reply_with(body),
                                   {replace_part(view, view.substr(view.find("\"3\""), 3), "4"),
                                    replace_part(view, view.substr(view.find("\"111\""), 5), "0"),
                                    {1, 0, "\"new\":1,"}});
    CHECK(whole(out) == R"({"result":{"new":1,"a":0,"b":"2222222222222222222222","c":4}})");
    CHECK(out.body_length > 20);
}

TEST_CASE(
    "a missing resource has the code of the client's era, and the URI as the client wrote it") {
    const auto to_modern = client_error(Era::legacy, Era::modern, "fs+x://a",
                                        R"({"code":-32002,"message":"no","data":{"uri":"x://a"}})");
    CHECK(to_modern.text == R"({"code":-32602,"message":"no","data":{"uri":"fs+x://a"}})");
    CHECK(to_modern.http_status == 200);
    CHECK(
        client_error(Era::legacy, Era::modern, "x://a", R"({"code":-32002,"message":"no"})").text ==
        R"({"data":{"uri":"x://a"},"code":-32602,"message":"no"})");
    CHECK(client_error(Era::legacy, Era::modern, "x://a",
                       R"({"code":-32002,"message":"no","data":{"why":1}})")
              .text == R"({"code":-32602,"message":"no","data":{"uri":"x://a","why":1}})");
    CHECK(client_error(Era::modern, Era::legacy, "x://a",
                       R"({"code":-32602,"message":"no","data":{"uri":"x://a"}})")
              .text == R"({"code":-32002,"message":"no","data":{"uri":"x://a"}})");
}

TEST_CASE("other errors pass, byte by byte") {
    for (const auto client : {Era::legacy, Era::modern}) {
        CHECK(client_error(Era::modern, client, "", R"({"code":-32602,"message":"bad"})").text ==
              "");
        CHECK(
            client_error(Era::legacy, client, "", R"({"code":-32042,"message":"go there"})").text ==
            "");
        CHECK(
            client_error(Era::modern, client, "x://a", R"({"code":-32602,"message":"bad"})").text ==
            "");
    }
    const std::string lacks = R"({"code":-32021,"message":"m","data":{"requiredCapabilities":{}}})";
    CHECK(client_error(Era::modern, Era::modern, "", lacks).http_status == 400);
    CHECK(client_error(Era::modern, Era::modern, "", lacks).text.empty());
    CHECK(client_error(Era::modern, Era::legacy, "", lacks).http_status == 200);
}

TEST_CASE("what a connector says against the gateway's own headers is never the client's fault") {
    for (const char* code : {"-32020", "-32022"}) {
        const std::string error =
            std::string(R"({"code":)") + code + R"(,"message":"header \"x\"","data":{}})";
        for (const auto client : {Era::legacy, Era::modern}) {
            const auto told = client_error(Era::modern, client, "", error);
            CHECK(told.http_status == 200);
            CHECK(told.text.find(R"("code":-32000)") != std::string::npos);
            CHECK(told.text.find("GH-M407") != std::string::npos);
            CHECK(runtime::validate_json(told.text).has_value());
        }
    }
}

TEST_CASE("of a client's _meta the connector gets all but what belongs to the hop") {
    CHECK(meta_for_connector(R"({"progressToken":1,"io.modelcontextprotocol/logLevel":"info",)"
                             R"("traceparent":"00-a","x.y/z":{"k":[1, 2]}})") ==
          R"("traceparent":"00-a","x.y/z":{"k":[1, 2]})");
    CHECK(meta_for_connector(R"({"progress\u0054oken":1,"io.modelcontextprotocol\u002fx":2})") ==
          "");
    CHECK(meta_for_connector("") == "");
    CHECK(meta_for_connector("[1]") == "");
}

TEST_CASE("the client's own token stands in its progress") {
    CHECK(progress_message("\"mine\"", R"({"progressToken":77,"progress":1,"total":2})") ==
          R"({"jsonrpc":"2.0","method":"notifications/progress",)"
          R"("params":{"progressToken":"mine","progress":1,"total":2}})");
    CHECK(progress_message("5", R"({"progressToken":77})") ==
          R"({"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":5}})");
}

TEST_CASE("the related task is translated where it is named, and nothing else") {
    const TranslateId to_b = [](const std::string& id) {
        return id == "a" ? std::optional<std::string>("b") : std::nullopt;
    };
    CHECK(with_related_task(R"({"x": 1,"_meta":{"io.modelcontextprotocol/related-task":)"
                            R"({"taskId":"a"}}})",
                            to_b) ==
          R"({"x": 1,"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"b"}}})");
    const std::string other =
        R"({"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"c"}}})";
    CHECK(with_related_task(other, to_b) == other);
    CHECK(with_related_task(R"({"taskId":"a"})", to_b) == R"({"taskId":"a"})");
}
