#include "gateway/mcp/decode.hpp"
#include "gateway/mcp/messages.hpp"
#include "gateway/mcp/param_headers.hpp"
#include "gateway/mcp/transcode.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

std::string bytes_of(const HttpReply& reply) {
    return reply.body_prefix + reply.body.substr(reply.body_offset, reply.body_length) +
           reply.body_suffix;
}

runtime::CallReply answered(const std::string& result) {
    runtime::CallReply reply;
    reply.end = runtime::CallEnd::result;
    reply.frame = R"({"id":4,"result":)" + result + "}";
    reply.body_offset = 17;
    reply.body_length = result.size();
    return reply;
}

// A legacy connector's result as the client of that era gets it.
HttpReply spliced(std::string_view id, Era client, const std::string& result) {
    return spliced_reply(reply_start(id, ",\"result\":"), answered(result),
                         era_edits("tools/call", Era::legacy, client, result));
}

HttpRequest with_header(const std::string& name, const std::string& value) {
    HttpRequest request;
    request.headers.emplace_back(name, value);
    return request;
}

} // namespace

TEST_CASE("a connector's result is spliced under the client's own id, byte for byte") {
    CHECK(bytes_of(spliced("\"a\"", Era::legacy, R"({"x": 1.50})")) ==
          R"({"jsonrpc":"2.0","id":"a","result":{"x": 1.50}})");
}

TEST_CASE("a modern answer gains resultType exactly once") {
    CHECK(bytes_of(spliced("1", Era::modern, R"({"x":1})")) ==
          R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","x":1}})");
    CHECK(bytes_of(spliced("1", Era::modern, "{}")) ==
          R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}})");
    CHECK(bytes_of(spliced("1", Era::modern, R"({"resultType":"complete"})")) ==
          R"({"jsonrpc":"2.0","id":1,"result":{"resultType":"complete"}})");
}

TEST_CASE("an SSE event holds no line break inside its data") {
    const std::string event = bytes_of(as_sse_event(spliced("1", Era::legacy, "{\r}")));
    CHECK(event == "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{ }}\n\n");
}

TEST_CASE("a header value is plain or base64 between its marks, and bad base64 is refused") {
    CHECK(decode_header_value("plain").value() == "plain");
    CHECK(decode_header_value("=?base64?aMOk?=").value() == "h\xC3\xA4");
    CHECK_FALSE(decode_header_value("=?base64?aM?=").has_value());
    CHECK_FALSE(decode_header_value("=?base64?a Ok?=").has_value());
    CHECK_FALSE(decode_header_value("=?base64?****?=").has_value());
}

TEST_CASE("mirrored parameter headers are found through chains of properties only") {
    const auto found = find_param_headers(
        R"({"properties":{"a":{"type":"object","properties":{"b/c":{"type":"integer","x-mcp-header":"Deep"}}},)"
        R"("list":{"items":{"properties":{"z":{"x-mcp-header":"No"}}}}}})");
    REQUIRE(found.size() == 1);
    CHECK(found[0].header == "Mcp-Param-Deep");
    CHECK(found[0].pointer == "/a/b~1c");
}

TEST_CASE("a mirrored header is there exactly if its argument is, and agrees with it") {
    const std::vector<ParamHeader> declared{{"Mcp-Param-N", "/n"}};
    CHECK_FALSE(check_param_headers(with_header("mcp-param-n", "42"), declared, R"({"n":42})"));
    CHECK_FALSE(check_param_headers(with_header("mcp-param-n", "42.0"), declared, R"({"n":42})"));
    CHECK_FALSE(check_param_headers(HttpRequest{}, declared, R"({"n":null})"));
    CHECK_FALSE(check_param_headers(HttpRequest{}, declared, ""));
    CHECK(check_param_headers(with_header("mcp-param-n", "43"), declared, R"({"n":42})"));
    CHECK(check_param_headers(HttpRequest{}, declared, R"({"n":42})"));
    CHECK(check_param_headers(with_header("mcp-param-n", "42"), declared, "{}"));
    CHECK(check_param_headers(with_header("mcp-param-n", "42"), declared, R"({"n":"4"})"));
}
