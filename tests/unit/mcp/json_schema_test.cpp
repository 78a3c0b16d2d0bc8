#include "gateway/mcp/json_schema.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace gatehouse::gateway {

namespace {

std::string problem_of(const std::string& schema, const std::string& instance) {
    auto compiled = JsonSchema::compile(schema);
    if (!compiled) {
        return "GH: " + to_text(compiled.error());
    }
    return compiled->problem(instance).value_or("");
}

bool accepts(const std::string& schema, const std::string& instance) {
    const std::string problem = problem_of(schema, instance);
    INFO(problem);
    REQUIRE(problem.substr(0, 4) != "GH: ");
    return problem.empty();
}

std::string compile_error(const std::string& schema) {
    auto compiled = JsonSchema::compile(schema);
    REQUIRE_FALSE(compiled);
    REQUIRE(compiled.error().code == "GH-M420");
    return to_text(compiled.error());
}

} // namespace

TEST_CASE("a problem is one sentence that begins with the pointer") {
    const std::string schema = R"({"type":"object","properties":{"path":{"type":"string"},
        "a/b":{"items":{"minimum":3}}},"required":["path"],"additionalProperties":false})";
    REQUIRE(problem_of(schema, R"({"path":5})") == "/path: must be string, is number");
    REQUIRE(problem_of(schema, R"([])") == "(top level): must be object, is array");
    REQUIRE(problem_of(schema, R"({})") == R"((top level): the property "path" is missing)");
    REQUIRE(problem_of(schema, R"({"path":"","x":1})") ==
            R"((top level): must not have the property "x")");
    REQUIRE(problem_of(schema, R"({"path":"","a/b":[3,2.5]})") == "/a~1b/1: must be at least 3");
    REQUIRE(problem_of(schema, R"({"path":"","a/b":[3]})").empty());
}

TEST_CASE("prefixItems are checked by position and items are those after them") {
    const std::string schema =
        R"({"prefixItems":[{"type":"string"},{"type":"integer"}],"items":false})";
    REQUIRE(accepts(schema, R"(["a",1])"));
    REQUIRE(accepts(schema, R"(["a"])"));
    REQUIRE_FALSE(accepts(schema, R"([1])"));
    REQUIRE_FALSE(accepts(schema, R"(["a",1,2])"));
    REQUIRE(accepts(R"({"prefixItems":[true],"items":{"type":"null"}})", R"([5,null])"));
}

TEST_CASE("contains is bounded by minContains and maxContains") {
    const std::string schema = R"({"contains":{"const":1},"minContains":2,"maxContains":3})";
    REQUIRE_FALSE(accepts(schema, "[1]"));
    REQUIRE(accepts(schema, "[1,2,1]"));
    REQUIRE_FALSE(accepts(schema, "[1,1,1,1]"));
    REQUIRE(accepts(R"({"contains":{"const":1},"minContains":0})", "[]"));
    REQUIRE(accepts(R"({"minContains":2})", "[]"));
}

TEST_CASE("dependentRequired and dependentSchemas apply when the property is there") {
    const std::string schema = R"({"dependentRequired":{"a":["b"]},
        "dependentSchemas":{"c":{"properties":{"d":{"type":"string"}}}}})";
    REQUIRE(accepts(schema, R"({"b":1})"));
    REQUIRE_FALSE(accepts(schema, R"({"a":1})"));
    REQUIRE(accepts(schema, R"({"a":1,"b":1,"d":1})"));
    REQUIRE_FALSE(accepts(schema, R"({"c":1,"d":1})"));
}

TEST_CASE("unevaluatedProperties sees through what applies in place, not into cousins") {
    const std::string base = R"("properties":{"a":true})";
    const std::string in_all_of = R"({"allOf":[{)" + base + R"(}],"unevaluatedProperties":false})";
    REQUIRE(accepts(in_all_of, R"({"a":1})"));
    REQUIRE_FALSE(accepts(in_all_of, R"({"a":1,"b":1})"));
    const std::string by_ref =
        R"({"$ref":"#/$defs/x","$defs":{"x":{)" + base + R"(}},"unevaluatedProperties":false})";
    REQUIRE(accepts(by_ref, R"({"a":1})"));
    REQUIRE_FALSE(accepts(by_ref, R"({"b":1})"));
    const std::string any = R"({"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},
        {"properties":{"b":{"const":1}},"required":["b"]}],"unevaluatedProperties":false})";
    REQUIRE(accepts(any, R"({"a":1,"b":1})"));
    REQUIRE_FALSE(accepts(any, R"({"a":1,"b":2})"));
    const std::string conditional = R"({"if":{"properties":{"k":{"const":"x"}},"required":["k"]},
        "then":{"properties":{"v":true}},"else":{"properties":{"w":true}},"unevaluatedProperties":false})";
    REQUIRE(accepts(conditional, R"({"k":"x","v":1})"));
    REQUIRE_FALSE(accepts(conditional, R"({"k":"x","w":1})"));
    REQUIRE(accepts(conditional, R"({"w":1})"));
    REQUIRE_FALSE(accepts(conditional, R"({"k":"y","w":1})"));
    const std::string cousins = R"({"allOf":[{)" + base + R"(},{"unevaluatedProperties":false}]})";
    REQUIRE_FALSE(accepts(cousins, R"({"a":1})"));
    REQUIRE(
        accepts(R"({"not":{"not":{)" + base + R"(}},"unevaluatedProperties":{"type":"string"}})",
                R"({"a":"s"})"));
    REQUIRE_FALSE(accepts(R"({"not":{"not":{)" + base + R"(}},"unevaluatedProperties":false})",
                          R"({"a":"s"})"));
}

TEST_CASE("unevaluatedItems sees prefixItems, items and contains") {
    const std::string schema =
        R"({"prefixItems":[true],"contains":{"type":"string"},"unevaluatedItems":false})";
    REQUIRE(accepts(schema, R"([1,"a"])"));
    REQUIRE_FALSE(accepts(schema, R"([1,"a",2])"));
    REQUIRE(accepts(R"({"allOf":[{"items":true}],"unevaluatedItems":false})", "[1,2]"));
    REQUIRE_FALSE(
        accepts(R"({"allOf":[{"prefixItems":[true]}],"unevaluatedItems":false})", "[1,2]"));
    const std::string nested =
        R"({"anyOf":[{"prefixItems":[true,{"const":2}]},{"prefixItems":[true]}],
        "unevaluatedItems":{"type":"string"}})";
    REQUIRE(accepts(nested, R"([1,2,"x"])"));
    REQUIRE(accepts(nested, R"([1,"x"])"));
    REQUIRE_FALSE(accepts(nested, R"([1,3])"));
}

TEST_CASE("references are followed by pointer, anchor and id, and what is beside them holds too") {
    const std::string schema = R"({"$id":"https://x.example/root","$defs":{
        "p":{"type":"integer"},"q":{"$anchor":"name","maximum":5},
        "r":{"$id":"inner/one","$defs":{"s":{"minimum":3}},"$ref":"#/$defs/s"},"a/b%":{"const":7}},
        "properties":{"p":{"$ref":"#/$defs/p","minimum":2},"q":{"$ref":"#name"},
        "r":{"$ref":"inner/one"},"t":{"$ref":"https://x.example/root#/$defs/p"},
        "u":{"$ref":"#/$defs/a~1b%25"},"self":{"$ref":"#"},"d":{"$dynamicRef":"#name"}}})";
    REQUIRE(accepts(schema, R"({"p":2,"q":5,"r":3,"t":1,"u":7,"d":5,"self":{"p":2}})"));
    for (const char* bad :
         {R"({"p":1})", R"({"p":2.5})", R"({"q":6})", R"({"r":2})", R"({"t":"x"})", R"({"u":8})",
          R"({"self":{"self":{"p":1}}})", R"({"d":6})"}) {
        REQUIRE_FALSE(accepts(schema, bad));
    }
}

TEST_CASE("in draft-07 a reference silences what is beside it") {
    const std::string rest = R"("definitions":{"a":{"type":"integer"}},"properties":{"x":
        {"$ref":"#/definitions/a","maximum":1}}})";
    REQUIRE(
        accepts(R"({"$schema":"http://json-schema.org/draft-07/schema#",)" + rest, R"({"x":2})"));
    REQUIRE_FALSE(accepts("{" + rest, R"({"x":2})"));
}

TEST_CASE("draft-07 words are understood") {
    const std::string schema = R"({"items":[{"type":"string"}],"additionalItems":false,
        "dependencies":{"a":["b"],"c":{"required":["d"]}}})";
    REQUIRE_FALSE(accepts(schema, R"(["a","b"])"));
    REQUIRE_FALSE(accepts(schema, R"({"a":1})"));
    REQUIRE_FALSE(accepts(schema, R"({"c":1})"));
    REQUIRE(accepts(schema, R"({"c":1,"d":1})"));
    REQUIRE(accepts(R"({"items":true,"additionalItems":false})", "[1]"));
}

TEST_CASE("numbers are exact over 64 bit and taken beyond them") {
    REQUIRE(accepts(R"({"maximum":18446744073709551615})", "18446744073709551615"));
    REQUIRE_FALSE(accepts(R"({"maximum":18446744073709551614})", "18446744073709551615"));
    REQUIRE_FALSE(accepts(R"({"const":9007199254740993})", "9007199254740992"));
    REQUIRE(accepts(R"({"type":"integer"})", "123456789012345678901234567890"));
    REQUIRE(accepts(R"({"type":"integer"})", "1.0"));
    REQUIRE_FALSE(accepts(R"({"type":"integer"})", "1.5"));
    REQUIRE(accepts(R"({"multipleOf":0.01})", "19.99"));
    REQUIRE_FALSE(accepts(R"({"multipleOf":0.01})", "19.995"));
    REQUIRE_FALSE(accepts(R"({"multipleOf":7})", "9007199254740993"));
    REQUIRE(accepts(R"({"enum":[1,null,{"a":[1]}]})", R"({"a":[1.0]})"));
}

TEST_CASE("lengths count code points and patterns know \\u") {
    REQUIRE(accepts(R"({"maxLength":2})", R"("\ud83d\ude00é")"));
    REQUIRE_FALSE(accepts(R"({"minLength":2})", R"("\ud83d\ude00")"));
    REQUIRE(accepts(R"({"pattern":"^\\u00e9\\d$"})", R"("é7")"));
    REQUIRE(accepts(R"({"pattern":"b"})", R"("abc")"));
}

TEST_CASE("a schema that cannot be used is an error that names the place") {
    const std::string lookahead = R"x({"properties":{"a":{"pattern":"(?=x)"}}})x";
    REQUIRE(compile_error(lookahead).find("#/properties/a/pattern") != std::string::npos);
    const std::string abroad = R"({"$ref":"https://other.example/x"})";
    REQUIRE(compile_error(abroad).find("none is fetched") != std::string::npos);
    compile_error(R"({"$ref":"#/nothing"})");
    compile_error(R"({"$ref":"#nothing"})");
    compile_error(R"({"type":"strnig"})");
    compile_error(R"({"minimum":"1"})");
    compile_error(R"({"minLength":-1})");
    compile_error(R"({"required":"a"})");
    compile_error(R"({"properties":[]})");
    compile_error(R"({"allOf":[1]})");
    compile_error("[]");
    compile_error("{");
    compile_error(R"({"a":1,"a":2})");
}

TEST_CASE("schemas without end and costly ones are cut off as a problem") {
    REQUIRE(problem_of(R"({"$ref":"#"})", "1").find("without end") != std::string::npos);
    REQUIRE(problem_of(R"({"not":{"$ref":"#"}})", "1").find("without end") != std::string::npos);
    std::string doubling = R"({"$ref":"#/$defs/d0","$defs":{)";
    for (int i = 0; i < 40; ++i) {
        const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + R"("})";
        doubling += "\"d" + std::to_string(i) + R"(":{"allOf":[)" + next + "," + next + "]},";
    }
    REQUIRE(problem_of(doubling + R"("d40":true}})", "1").find("too large") != std::string::npos);
    std::string many = "[";
    for (int i = 0; i < 20000; ++i) {
        many += std::to_string(i) + ",";
    }
    REQUIRE(accepts(R"({"uniqueItems":true})", many + "-1]"));
    REQUIRE_FALSE(accepts(R"({"uniqueItems":true})", many + "0]"));
    REQUIRE(problem_of("true", std::string(500, '[') + std::string(500, ']')) != "");
}

} // namespace gatehouse::gateway
