#include "runtime/session/param_headers.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse::runtime;

namespace {

HeaderList headers_for(const std::string& properties, const std::string& arguments) {
    const auto wanted = read_param_headers(
        R"({"name":"t","inputSchema":{"type":"object","properties":)" + properties + "}}");
    REQUIRE(wanted);
    HeaderList headers;
    append_param_headers(*wanted, arguments, headers);
    return headers;
}

bool is_refused(const std::string& schema) {
    const auto wanted = read_param_headers(R"({"name":"t","inputSchema":)" + schema + "}");
    return !wanted && wanted.error().code == "GH-M403";
}

} // namespace

TEST_CASE("an annotated parameter becomes a header, in the form its type has") {
    const std::string properties =
        R"({"region":{"type":"string","x-mcp-header":"Region"},"n":{"type":"integer","x-mcp-header":"N"},)"
        R"("v":{"type":"boolean","x-mcp-header":"V"},"plain":{"type":"string"},)"
        R"("deep":{"type":"object","properties":{"er":{"type":"string","x-mcp-header":"Deep"}}}})";
    CHECK(headers_for(properties,
                      R"({"region":"us west","n":-7,"v":false,"plain":"x","deep":{"er":"d"}})") ==
          HeaderList{{"Mcp-Param-Region", "us west"},
                     {"Mcp-Param-N", "-7"},
                     {"Mcp-Param-V", "false"},
                     {"Mcp-Param-Deep", "d"}});
    CHECK(headers_for(properties, R"({"region":"","n":42.0,"v":true,"deep":7})") ==
          HeaderList{{"Mcp-Param-Region", ""}, {"Mcp-Param-N", "42"}, {"Mcp-Param-V", "true"}});
    CHECK(headers_for(properties, R"({"region":null,"n":1.5,"v":null})").empty());
    CHECK(headers_for(properties, R"({"n":9007199254740993})").empty());
    CHECK(headers_for(properties, "").empty());
    CHECK(headers_for(R"({})", R"({"region":"x"})").empty());
}

TEST_CASE("a value that a header cannot carry goes in base64") {
    CHECK(header_value_of("us-west1") == "us-west1");
    CHECK(header_value_of("a b  c") == "a b  c");
    CHECK(header_value_of("").empty());
    CHECK(header_value_of("Hello, \xe4\xb8\x96\xe7\x95\x8c") == "=?base64?SGVsbG8sIOS4lueVjA==?=");
    CHECK(header_value_of(" padded ") == "=?base64?IHBhZGRlZCA=?=");
    CHECK(header_value_of("line1\nline2") == "=?base64?bGluZTEKbGluZTI=?=");
    CHECK(header_value_of("\tx") == "=?base64?CXg=?=");
    CHECK(header_value_of("=?base64?literal?=") == "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
    CHECK(header_value_of("=?base64?x") == "=?base64?x");
}

TEST_CASE("annotations that break the rules are refused") {
    const auto with = [](const std::string& property) {
        return R"({"type":"object","properties":{"p":)" + property + "}}";
    };
    for (const char* name :
         {R"("")", R"("a b")", R"("a:b")", R"("R\u00e9gion")", R"("a\tb")", "7", "null", "{}"}) {
        INFO(name);
        CHECK(is_refused(with(R"({"type":"string","x-mcp-header":)" + std::string(name) + "}")));
    }
    for (const char* type : {"object", "array", "null", "number", "text"}) {
        INFO(type);
        CHECK(is_refused(with(R"({"x-mcp-header":"A","type":")" + std::string(type) + "\"}")));
    }
    CHECK(is_refused(with(R"({"x-mcp-header":"A"})")));
    CHECK(is_refused(with(R"({"x-mcp-header":"A","type":["string","null"]})")));
    CHECK(is_refused(with(R"({"x\u002dmcp-header":"","type":"string"})")));
    CHECK(is_refused(R"({"properties":{"a":{"type":"string","x-mcp-header":"My"},)"
                     R"("b":{"type":"string","x-mcp-header":"mY"}}})"));
    const std::string annotated = R"({"type":"string","x-mcp-header":"A"})";
    CHECK(is_refused(annotated));
    CHECK(is_refused(with(R"({"type":"array","items":)" + annotated + "}")));
    CHECK(is_refused(R"({"oneOf":[{"properties":{"p":)" + annotated + "}}]}"));
    CHECK(is_refused(R"({"if":{"properties":{"p":)" + annotated + "}}}"));
    CHECK(is_refused(R"({"$defs":{"d":)" + annotated + "}}"));
    CHECK(is_refused(R"({"additionalProperties":)" + annotated + "}"));
}

TEST_CASE("the same words where they are data, or a property's name, are no annotation") {
    for (const char* schema :
         {R"({"properties":{"x-mcp-header":{"type":"string"}}})",
          R"({"properties":{"p":{"default":{"x-mcp-header":""}}}})",
          R"({"properties":{"p":{"enum":[{"x-mcp-header":""}]}}})",
          R"({"examples":[{"x-mcp-header":""}]})", R"({"description":"x-mcp-header"})"}) {
        INFO(schema);
        const auto wanted = read_param_headers(R"({"inputSchema":)" + std::string(schema) + "}");
        REQUIRE(wanted);
        CHECK(wanted->empty());
    }
}
