// What is said in a handshake, and how `_meta` gets into raw params: the pure parts.
#include "runtime/session/era_probe.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/session/request_meta.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace std::chrono_literals;

namespace {

CallReply reply_of(CallEnd end, std::string body) {
    CallReply reply;
    reply.end = end;
    reply.frame = std::move(body);
    reply.body_length = reply.frame.size();
    return reply;
}

std::string with_meta(std::string_view params, std::string_view members) {
    std::string out;
    append_params_with_meta(params, members, out);
    CHECK(validate_json(out));
    return out;
}

} // namespace

TEST_CASE("only a DiscoverResult that supports our version and modern errors mean a modern era") {
    const auto era_of = [](CallEnd end, const char* body) {
        return judge_probe(reply_of(end, body));
    };
    CHECK(era_of(CallEnd::result, R"({"supportedVersions":["2025-11-25","2026-07-28"]})") ==
          Era::modern);
    CHECK(era_of(CallEnd::error, R"({"code":-32020,"message":""})") == Era::modern);
    CHECK(era_of(CallEnd::error, R"({"code":-32021,"message":""})") == Era::modern);
    CHECK(era_of(CallEnd::error,
                 R"({"code":-32022,"message":"","data":{"supported":["2026-07-28"]}})") ==
          Era::modern);
    for (const char* result :
         {"{}", R"({"supportedVersions":["2025-11-25"]})", R"({"supportedVersions":"2026-07-28"})",
          R"({"protocolVersion":"2026-07-28"})"}) {
        CHECK(era_of(CallEnd::result, result) == Era::legacy);
    }
    for (const char* error : {R"({"code":-32601,"message":""})", R"({"code":-32602,"message":""})",
                              R"({"code":-32022,"message":""})",
                              R"({"code":-32022,"message":"","data":{"supported":["2025-11-25"]}})",
                              R"({"code":0,"message":"Unsupported protocol version"})"}) {
        CHECK(era_of(CallEnd::error, error) == Era::legacy);
    }
    CHECK(judge_probe(reply_of(CallEnd::timed_out, "")) == Era::legacy);
}

TEST_CASE("the probe gets a third of the time for the start, and never more than 3 s") {
    CHECK(probe_deadline(30s) == 3s);
    CHECK(probe_deadline(600ms) == 200ms);
}

TEST_CASE("a DiscoverResult names its server in _meta, or where the drafts had it") {
    const Catalogue now = read_discover_result(
        R"({"capabilities":{"tools":{"listChanged":true}},"instructions":"a\nb",)"
        R"("_meta":{"io.modelcontextprotocol/serverInfo":{"name":"m"}}})");
    CHECK(now.era == Era::modern);
    CHECK(now.protocol_version == "2026-07-28");
    CHECK(now.server_info == R"({"name":"m"})");
    CHECK(now.instructions == "a\nb");
    CHECK(offers_list(now, ListKind::tools));
    CHECK(announces_list(now, ListKind::tools));
    CHECK_FALSE(offers_list(now, ListKind::prompts));
    const Catalogue draft = read_discover_result(R"({"capabilities":7,"serverInfo":{"name":"d"}})");
    CHECK(draft.server_info == R"({"name":"d"})");
    CHECK(draft.capabilities == "{}");
}

TEST_CASE("an initialize result of another era than its own is refused with GH-M404") {
    for (const char* version : {"2026-07-28", "2024-10-07", ""}) {
        const auto read =
            read_initialize_result("{\"protocolVersion\":\"" + std::string(version) + "\"}");
        REQUIRE_FALSE(read);
        CHECK(read.error().code == "GH-M404");
    }
    const auto read = read_initialize_result(
        R"({"protocolVersion":"2024-11-05","capabilities":{"resources":{"listChanged":false}}})");
    REQUIRE(read);
    CHECK(read->era == Era::legacy);
    CHECK(offers_list(*read, ListKind::resource_templates));
    CHECK_FALSE(announces_list(*read, ListKind::resources));
}

TEST_CASE("_meta members are put into any params, and everything else stays as it was") {
    CHECK(with_meta("", "\"k\":1") == R"({"_meta":{"k":1}})");
    CHECK(with_meta(" { } ", "\"k\":1") == R"({"_meta":{"k":1} } )");
    CHECK(with_meta(R"({ "a" : 1.0 })", "\"k\":1") == R"({"_meta":{"k":1}, "a" : 1.0 })");
    CHECK(with_meta(R"({"a":1,"_meta":{ }})", "\"k\":1") == R"({"a":1,"_meta":{"k":1}})");
    CHECK(with_meta(R"({"_meta":{"x" : [1], "k":2},"a":1})", "\"k\":1") ==
          R"({"_meta":{"k":1,"x":[1]},"a":1})");
    CHECK(with_meta(R"({"_meta":{"\u006b":2}})", "\"k\":1") == R"({"_meta":{"k":1}})");
    CHECK(with_meta(R"({"_meta":null})", "\"k\":1") == R"({"_meta":{"k":1}})");
    CHECK(with_meta(R"({"a":1})", "") == R"({"a":1})");
}

TEST_CASE("a modern request says who asks, and nobody else's word can say it") {
    ConnectorCall call;
    std::string own;
    append_modern_meta(call, own);
    const std::string wrapped = with_meta("", own);
    CHECK(find_pointer(wrapped, "/_meta/io.modelcontextprotocol~1protocolVersion") ==
          "\"2026-07-28\"");
    CHECK(find_pointer(wrapped, "/_meta/io.modelcontextprotocol~1clientInfo/name") ==
          "\"gatehouse\"");
    CHECK(find_pointer(wrapped, "/_meta/io.modelcontextprotocol~1clientCapabilities") == "{}");
    CHECK_FALSE(find_pointer(wrapped, "/_meta/io.modelcontextprotocol~1logLevel"));

    auto caller = std::make_shared<Caller>();
    caller->capabilities = R"({"sampling":{}})";
    caller->client_info = R"({"name":"c","version":"2"})";
    call.caller = caller;
    call.log_level = "info";
    std::string theirs;
    append_modern_meta(call, theirs);
    const std::string forged = with_meta(
        R"({"_meta":{"io.modelcontextprotocol/clientCapabilities":{"roots":{}}}})", theirs);
    CHECK(find_pointer(forged, "/_meta/io.modelcontextprotocol~1clientCapabilities") ==
          R"({"sampling":{}})");
    CHECK(find_pointer(forged, "/_meta/io.modelcontextprotocol~1clientInfo/name") == "\"c\"");
    CHECK(find_pointer(forged, "/_meta/io.modelcontextprotocol~1logLevel") == "\"info\"");
}

TEST_CASE("a member of _meta is taken out, and an empty _meta with it") {
    CHECK(without_meta_member(R"({"uri":"a","_meta":{"k":1}})", "k") == R"({"uri":"a"})");
    CHECK(without_meta_member(R"({"_meta":{"k":1,"l":{}},"uri":"a"})", "k") ==
          R"({"_meta":{"l":{}},"uri":"a"})");
    CHECK(without_meta_member(R"({"_meta":{"k":1}})", "k") == "{}");
    CHECK(without_meta_member(R"({"uri":1})", "k") == R"({"uri":1})");
    CHECK(without_meta_member("", "k").empty());
}
