#include "gateway/cli/yaml_text.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

TEST_CASE("a value becomes block text, with quotes only where a reader would take it otherwise") {
    const Json json = Json::parse(R"({"name":"notes","count":3,"none":null,"empty":{},"list":[],
        "tools":["a","true",{"x":1,"y":["z"]}],"text":"two words","version":"1.0","deep":{"on":"no"}})");
    CHECK(yaml_text(json) == "name: notes\n"
                             "count: 3\n"
                             "none: null\n"
                             "empty: {}\n"
                             "list: []\n"
                             "tools:\n"
                             "- a\n"
                             "- \"true\"\n"
                             "- x: 1\n"
                             "  \"y\":\n"
                             "  - z\n"
                             "text: \"two words\"\n"
                             "version: \"1.0\"\n"
                             "deep:\n"
                             "  \"on\": \"no\"\n");
    CHECK(yaml_text(Json("plain")) == "plain\n");
    CHECK(yaml_text(Json::array()) == "[]\n");
}

TEST_CASE("no text can leave its quotes or steer the terminal, in YAML and in JSON") {
    const std::string hostile = "a\"\n- b: \x1b[2J\x7f\xc2\x9b \xe2\x80\xae \xe2\x80\xa8 \xff é";
    Json json = Json::object();
    json[hostile] = hostile;
    for (const std::string& text : {yaml_text(json), shown_json_text(json)}) {
        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.find('\x7f') == std::string::npos);
        CHECK(text.find("\xc2\x9b") == std::string::npos);
        CHECK(text.find("\xe2\x80\xae") == std::string::npos);
        CHECK(text.find("\xe2\x80\xa8") == std::string::npos);
        CHECK(text.find("\n- b") == std::string::npos);
        CHECK(text.find("é") != std::string::npos);
    }
    const auto back = parse_json(shown_json_text(json));
    REQUIRE(back);
    CHECK(back->begin().key().starts_with("a\"\n- b: \x1b[2J\x7f\xc2\x9b"));
}
