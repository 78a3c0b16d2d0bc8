#include "gateway/virtual_server/exposure.hpp"

#include "runtime/base/json.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

runtime::Tool tool(const std::string& name) {
    return {name, R"({"name":)" + json_quote(name) + R"(,"inputSchema":{"type":"object"}})"};
}

runtime::Catalogue catalogue(std::vector<runtime::Tool> tools) {
    runtime::Catalogue made;
    made.tools = std::move(tools);
    return made;
}

ExposedConnector notes(std::string prefix = "notes_") {
    ExposedConnector exposed;
    exposed.name = ConnectorName("notes");
    exposed.prefix = std::move(prefix);
    return exposed;
}

std::vector<std::string> names_of(const std::vector<ExposedTool>& tools) {
    std::vector<std::string> names;
    for (const ExposedTool& each : tools) {
        names.push_back(each.name);
    }
    return names;
}

struct Shown {
    std::vector<ExposedTool> tools;
    std::vector<std::string> warnings;
};

Shown show(const ExposedConnector& exposed, std::vector<runtime::Tool> tools) {
    Shown shown;
    shown.tools = expose_tools(exposed, catalogue(std::move(tools)), shown.warnings);
    return shown;
}

// The definition of the one tool of this definition after exposure.
std::string exposed_definition(const ExposedConnector& exposed, const std::string& definition) {
    const auto shown = show(exposed, {{"add", definition}});
    REQUIRE(shown.tools.size() == 1);
    return shown.tools[0].definition;
}

ExposedTool exposed_tool(const std::string& name, const std::string& connector) {
    return {name, ConnectorName(connector), name, "{}", ""};
}

} // namespace

TEST_CASE("every tool is exposed under its prefix, in the connector's order") {
    const auto shown = show(notes(), {tool("list"), tool("add"), tool("delete_all")});
    CHECK(names_of(shown.tools) ==
          std::vector<std::string>{"notes_list", "notes_add", "notes_delete_all"});
    CHECK(shown.tools[1].upstream_name == "add");
    CHECK(shown.tools[1].connector.str() == "notes");
    CHECK(shown.tools[1].input_schema == R"({"type":"object"})");
    CHECK(shown.warnings.empty());
}

TEST_CASE("allow selects and deny takes away, both on the connector's own names") {
    auto exposed = notes();
    exposed.tools.allow = {"get_*", "add"};
    exposed.tools.deny = {"get_secret", "*_all"};
    exposed.tools.rename = {{"add", "get_secret"}};
    const auto shown = show(exposed, {tool("get_me"), tool("get_secret"), tool("get_all"),
                                      tool("add"), tool("delete"), tool("notes_get_me")});
    CHECK(names_of(shown.tools) == std::vector<std::string>{"notes_get_me", "notes_get_secret"});
    CHECK(shown.tools[1].upstream_name == "add");
    exposed.tools.allow.clear();
    CHECK(show(exposed, {tool("add")}).tools.empty());
}

TEST_CASE("a definition without change passes byte for byte") {
    const std::string odd =
        "{ \"title\" : \"A\",\t\"name\" : \"add\" , \"x\": 1.50 ,\n"
        "\"description\":\"caf\\u00e9\", \"inputSchema\":{ \"type\" : \"object\" } }";
    CHECK(exposed_definition(notes(""), odd) == odd);
}

TEST_CASE("only name and description are exchanged, wherever they stand") {
    auto exposed = notes();
    exposed.tools.rename = {{"add", "create"}};
    exposed.tools.describe = {{"create", "Adds \"one\"\nnote"}};
    const std::string schema = R"("inputSchema":{"type":"object","description":"keep"})";
    CHECK(exposed_definition(exposed, R"({ "description" : "old" , "a":{"name":"add"}, "name" : )"
                                      R"("add", )" +
                                          schema + "}") ==
          R"({ "description" : "Adds \"one\"\nnote" , "a":{"name":"add"}, "name" : )"
          R"("notes_create", )" +
              schema + "}");
    CHECK(exposed_definition(exposed, R"({"name":"add",)" + schema + "}") ==
          R"({"name":"notes_create","description":"Adds \"one\"\nnote",)" + schema + "}");
    CHECK(
        exposed_definition(exposed, R"({"n\u0061me":"add","\u0064escription":1,)" + schema + "}") ==
        R"({"n\u0061me":"notes_create","\u0064escription":"Adds \"one\"\nnote",)" + schema + "}");
    exposed.tools.describe = {{"add", "not this one"}};
    CHECK(exposed_definition(exposed, R"({"name":"add","description":"old",)" + schema + "}") ==
          R"({"name":"notes_create","description":"old",)" + schema + "}");
}

TEST_CASE("an input schema that would make clients refuse the whole list is completed") {
    CHECK(exposed_definition(notes(""), R"({"name":"add"})") ==
          R"({"inputSchema":{"type":"object"},"name":"add"})");
    CHECK(exposed_definition(notes(""), R"({"name":"add","inputSchema":{}})") ==
          R"({"name":"add","inputSchema":{"type":"object"}})");
    const auto shown =
        show(notes(""), {{"add", R"({"name":"add","inputSchema":{"type":"array"}})"}});
    CHECK(shown.tools.empty());
    REQUIRE(shown.warnings.size() == 1);
}

TEST_CASE("a tool with an unusable name or definition is left out with a warning") {
    const auto shown = show(notes(), {tool("add tool"),
                                      tool(""),
                                      tool("n\u00f6te"),
                                      tool("x\ny"),
                                      tool(std::string(123, 'a')),
                                      {"list", "[]"},
                                      {"gone", R"({"title":"x"})"},
                                      {"bad", R"({"name":"bad","inputSchema":"object"})"},
                                      tool("good")});
    // The empty name is the bare prefix, which is a name like any other.
    CHECK(names_of(shown.tools) == std::vector<std::string>{"notes_", "notes_good"});
    REQUIRE(shown.warnings.size() == 7);
    for (const auto& warning : shown.warnings) {
        CHECK(warning.find("'notes'") != std::string::npos);
        CHECK(warning.find('\n') == std::string::npos);
    }
    CHECK(show(notes(""), {tool("")}).tools.empty());
}

TEST_CASE("a bad name is saved by a rename") {
    auto exposed = notes();
    exposed.tools.rename = {{"add tool", "add"}};
    const auto shown = show(exposed, {tool("add tool")});
    REQUIRE(shown.tools.size() == 1);
    CHECK(shown.tools[0].upstream_name == "add tool");
    CHECK(shown.warnings.empty());
}

TEST_CASE("a name over 64 characters stays and is warned of, one of 64 is not") {
    const auto shown = show(notes(""), {tool(std::string(64, 'a')), tool(std::string(65, 'b')),
                                        tool(std::string(128, 'c'))});
    CHECK(shown.tools.size() == 3);
    REQUIRE(shown.warnings.size() == 2);
    CHECK(shown.warnings[0].find("65 characters") != std::string::npos);
}

TEST_CASE("the table keeps its order and finds every name and no other") {
    std::vector<ExposedTool> tools;
    for (const char* name : {"m", "z", "a", "q", "b"}) {
        tools.push_back(exposed_tool(name, "notes"));
    }
    std::vector<std::string> warnings;
    const ToolTable table(tools, warnings);
    CHECK(names_of(table.tools()) == std::vector<std::string>{"m", "z", "a", "q", "b"});
    for (const ExposedTool& each : table.tools()) {
        CHECK(table.find(each.name) == &each);
    }
    for (const char* other : {"", "A", "aa", "n", "zz"}) {
        CHECK(table.find(other) == nullptr);
    }
    CHECK(warnings.empty());
    CHECK(ToolTable().find("a") == nullptr);
}

TEST_CASE("of tools with one name the first stays and the warning names both") {
    std::vector<std::string> warnings;
    const ToolTable table({exposed_tool("x", "one"), exposed_tool("add", "one"),
                           exposed_tool("add", "two"), exposed_tool("add", "three")},
                          warnings);
    CHECK(names_of(table.tools()) == std::vector<std::string>{"x", "add"});
    CHECK(table.find("add")->connector.str() == "one");
    REQUIRE(warnings.size() == 2);
    CHECK(warnings[0].find("'two'") != std::string::npos);
    CHECK(warnings[0].find("'one'") != std::string::npos);
    CHECK(warnings[1].find("'three'") != std::string::npos);
}

TEST_CASE("an audience holds its agents, or everyone, or nobody") {
    Audience audience;
    CHECK_FALSE(audience_contains(audience, "ci"));
    CHECK_FALSE(audience_contains(audience, ""));
    audience.agents = {"ci", "cd"};
    CHECK(audience_contains(audience, "cd"));
    CHECK_FALSE(audience_contains(audience, "c"));
    CHECK_FALSE(audience_contains(audience, "CI"));
    audience.everyone = true;
    CHECK(audience_contains(audience, "other"));
}
