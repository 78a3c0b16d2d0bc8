#include "tests/unit/mcp/virtual_server_fixture.hpp"

#include "gateway/mcp/lifecycle_results.hpp"

using namespace gatehouse;
using namespace gatehouse::gateway;
using gateway::testing::prompt_item;
using gateway::testing::resource_item;
using gateway::testing::template_item;
using gateway::testing::tool_item;
using gateway::testing::VirtualServerStage;
using runtime::ListKind;

namespace {

Json capabilities(VirtualServerStage& stage, Era era, std::string_view version = {}) {
    auto parsed = parse_json(stage.server().capabilities(era, stage.caller, version));
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

// Two connectors that both have file:///a and file:///{+path}; each has one resource of its own.
void share_files(VirtualServerStage& stage) {
    auto& first = stage.connector("docs", "docs_");
    first.resources = {resource_item("file:///a"), resource_item("docs://own")};
    first.resource_templates = {template_item("file:///{path}")};
    auto& second = stage.connector("files", "files_");
    second.resources = {resource_item("file:///a"), resource_item("note://b")};
    second.resource_templates = {template_item("file:///{+path}"), template_item("note://{id}")};
}

} // namespace

TEST_CASE("capabilities are the union of the connectors', cut by what is exposed") {
    VirtualServerStage stage;
    stage.connector("old", "old_").capabilities =
        R"({"tools":{},"logging":{},"completions":{},"prompts":{},"resources":{"subscribe":true},)"
        R"("tasks":{"list":{},"requests":{"tools":{"call":{}}}}})";
    auto& modern = stage.connector("new", "new_");
    modern.era = Era::modern;
    modern.capabilities = R"({"tools":{"listChanged":false},"tasks":{"odd":{}},)"
                          R"("extensions":{"io.modelcontextprotocol/tasks":{}}})";
    CHECK(capabilities(stage, Era::legacy).dump() ==
          R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},)"
          R"("resources":{"listChanged":true,"subscribe":true},"completions":{},"logging":{},)"
          R"("tasks":{"list":{},"requests":{"tools":{"call":{}}}}})");
    CHECK(capabilities(stage, Era::legacy, "2025-11-25").contains("tasks"));
    CHECK_FALSE(capabilities(stage, Era::legacy, "2025-06-18").contains("tasks"));
    const Json to_modern = capabilities(stage, Era::modern);
    CHECK_FALSE(to_modern.contains("tasks"));
    CHECK(to_modern["extensions"].dump() == R"({"io.modelcontextprotocol/tasks":{}})");
    CHECK(to_modern["tools"]["listChanged"] == true);
}

TEST_CASE("what is not exposed is no capability, and a connector never seen may have every list") {
    VirtualServerStage stage;
    stage.connector("one", "one_").capabilities =
        R"({"tools":{},"prompts":{},"completions":{},"resources":{"subscribe":true}})";
    stage.config.connectors[0].prompts.allow.clear();
    stage.config.connectors[0].resources.allow.clear();
    CHECK(capabilities(stage, Era::legacy).dump() == R"({"tools":{"listChanged":true}})");
    CHECK(stage.server().offers(ListKind::tools, stage.caller));
    CHECK_FALSE(stage.server().offers(ListKind::prompts, stage.caller));
    CHECK_FALSE(stage.server().offers(ListKind::resource_templates, stage.caller));

    VirtualServerStage unknown;
    unknown.expose("sleeper", "");
    CHECK(capabilities(unknown, Era::legacy).dump() ==
          R"({"tools":{"listChanged":true},"prompts":{"listChanged":true},)"
          R"("resources":{"listChanged":true}})");
    CHECK(unknown.server().offers(ListKind::resource_templates, unknown.caller));
}

TEST_CASE("the lifecycle results hold the capabilities, who we are and the instructions") {
    VirtualServerStage stage;
    auto& one = stage.connector("one", "one_");
    one.capabilities = R"({"tools":{}})";
    one.instructions = "Use \"add\".";
    const auto started = parse_json(initialize_result(stage.server(), "2025-06-18", stage.caller));
    REQUIRE(started.has_value());
    CHECK((*started)["protocolVersion"] == "2025-06-18");
    CHECK((*started)["capabilities"]["tools"]["listChanged"] == true);
    CHECK((*started)["serverInfo"]["name"] == "gatehouse/demo");
    CHECK((*started)["instructions"] == "[one] Use \"add\".");
    const auto found = parse_json(discover_result(stage.server(), stage.caller));
    REQUIRE(found.has_value());
    CHECK((*found)["resultType"] == "complete");
    CHECK((*found)["supportedVersions"].dump() == R"(["2026-07-28"])");
    CHECK((*found)["ttlMs"] == 0);
    CHECK((*found)["cacheScope"] == "private");
    CHECK((*found)["_meta"]["io.modelcontextprotocol/serverInfo"]["title"] == "Demo");
}

TEST_CASE("prompts are prefixed like tools, and of two with one name the first stays") {
    VirtualServerStage stage;
    stage.connector("one", "a_").prompts = {prompt_item("b_sum"), prompt_item("other")};
    stage.connector("two", "a_b_").prompts = {prompt_item("sum"), prompt_item("own")};
    CHECK(stage.names(ListKind::prompts) == "a_b_sum a_other a_b_own");
    CHECK(stage.prompt("a_b_sum") == "one b_sum");
    CHECK(stage.prompt("a_b_own") == "two own");
    CHECK(stage.prompt("sum") == "-");
    CHECK(stage.prompt("a_own") == "-");
}

TEST_CASE("a colliding URI stays with the first connector and is namespaced for the others") {
    VirtualServerStage stage;
    share_files(stage);
    CHECK(stage.names(ListKind::resources) == "file:///a docs://own files+file:///a note://b");
    CHECK(stage.names(ListKind::resource_templates) ==
          "file:///{path} files+file:///{+path} note://{id}");
    CHECK(stage.resource("file:///a") == "docs file:///a");
    CHECK(stage.resource("files+file:///a") == "files file:///a");
    CHECK(stage.resource("docs+file:///a") == "docs file:///a");
    CHECK(stage.resource("note://b") == "files note://b");
}

TEST_CASE("a URI in no list is found by the templates, in the order of the connectors") {
    VirtualServerStage stage;
    share_files(stage);
    CHECK(stage.resource("file:///x") == "docs file:///x");
    CHECK(stage.resource("file:///x/y") == "files file:///x/y");
    CHECK(stage.resource("files+file:///x") == "files file:///x");
    CHECK(stage.resource("note://77") == "files note://77");
    CHECK(stage.resource("note://7/7") == "-");
    CHECK(stage.resource("other+file:///x") == "-");
}

TEST_CASE("the only connector with resources gets every other URI that it may show") {
    VirtualServerStage stage;
    stage.connector("tools-only", "").tools = {tool_item("a")};
    stage.connector("notes", "n_").capabilities = R"({"resources":{}})";
    stage.config.connectors[1].resources.deny = {"note://private/*"};
    CHECK(stage.resource("note://7") == "notes note://7");
    CHECK(stage.resource("note://private/7") == "-");
    CHECK(stage.resource("notes+note://private/7") == "-");
    CHECK_FALSE(stage.server().rewrites_uris(ConnectorName("notes")));
}

TEST_CASE("a member's own catalogue decides whose URI it is, for that member only") {
    VirtualServerStage stage;
    stage.connector("notes", "n_").capabilities = R"({"resources":{}})";
    stage.connector("more", "m_").capabilities = R"({"resources":{}})";
    auto own = std::make_shared<runtime::Catalogue>();
    own->resources = {resource_item("mine://1")};
    stage.directory.of_member["agent:ci more"] = own;
    CHECK(stage.resource("mine://1") == "more mine://1");
    CHECK(stage.names(ListKind::resources) == "mine://1");
    stage.caller.principal = PrincipalId("agent:other");
    CHECK(stage.resource("mine://1") == "-");
    CHECK(stage.names(ListKind::resources).empty());
}

TEST_CASE("completions go where the prompt or the template is, under the connector's own name") {
    VirtualServerStage stage;
    share_files(stage);
    stage.connector("words", "w_").prompts = {prompt_item("sum")};
    const auto prompt =
        stage.server().find_completion(R"({"type":"ref/prompt", "name":"w_sum"})", stage.caller);
    REQUIRE(prompt.has_value());
    CHECK(prompt->kind == PolicyKind::prompt);
    CHECK(stage.text_of(prompt->target) == "words sum");
    CHECK(prompt->ref == R"({"type":"ref/prompt", "name":"sum"})");
    const auto found = stage.server().find_completion(
        R"({"type":"ref/resource","uri":"files+file:///{+path}"})", stage.caller);
    REQUIRE(found.has_value());
    CHECK(found->kind == PolicyKind::resource);
    CHECK(stage.text_of(found->target) == "files file:///{+path}");
    CHECK(found->ref == R"({"type":"ref/resource","uri":"file:///{+path}"})");
    for (const char* unknown : {R"({"type":"ref/prompt","name":"sum"})", R"({"type":"ref/tool"})",
                                R"({"type":"ref/resource","uri":"x://{y}/z"})", R"("text")", "7"}) {
        CHECK_FALSE(stage.server().find_completion(unknown, stage.caller).has_value());
    }
}

TEST_CASE("URIs in results are written as this virtual server shows them") {
    VirtualServerStage stage;
    share_files(stage);
    const ConnectorName files("files");
    CHECK(stage.server().rewrites_uris(files));
    const auto rewrite = [&](std::string_view raw) {
        return stage.server().rewrite_uris(files, raw, stage.caller);
    };
    CHECK(
        rewrite(R"({"contents":[{"uri":"file:///a","text":"file:///a"},{ "uri":"note://b" }]})") ==
        R"({"contents":[{"uri":"files+file:///a","text":"file:///a"},{ "uri":"note://b" }]})");
    CHECK(rewrite(R"({"content":[{"type":"text","uri":"file:///a"},{"type":"resource_link",)"
                  R"("uri":"file:///a"},{"type":"resource","resource":{"uri":"file:\/\/\/a"}}],)"
                  R"("structuredContent":{"uri":"file:///a"}})") ==
          R"({"content":[{"type":"text","uri":"file:///a"},{"type":"resource_link",)"
          R"("uri":"files+file:///a"},{"type":"resource","resource":{"uri":"files+file:///a"}}],)"
          R"("structuredContent":{"uri":"file:///a"}})");
    CHECK(rewrite(R"({"messages":[{"role":"user","content":{"type":"resource",)"
                  R"("resource":{"uri":"file:///a"}}}]})") ==
          R"({"messages":[{"role":"user","content":{"type":"resource",)"
          R"("resource":{"uri":"files+file:///a"}}}]})");
    CHECK(rewrite(R"({"uri":"file:///a"})") == R"({"uri":"files+file:///a"})");
    CHECK(rewrite(R"({"taskId":"1","result":{"contents":[{"uri":"file:///a"}]}})") ==
          R"({"taskId":"1","result":{"contents":[{"uri":"files+file:///a"}]}})");
    // Nobody's URI can only be read in the namespace; a web page is left to the client.
    CHECK(rewrite(R"({"uri":"odd://a"})") == R"({"uri":"files+odd://a"})");
    CHECK(rewrite(R"({"uri":"https://example.com/a"})") == R"({"uri":"https://example.com/a"})");
    CHECK(rewrite("[]") == "[]");
    CHECK(stage.server().exposed_uri(ConnectorName("docs"), "file:///a", stage.caller) ==
          "file:///a");
    CHECK(stage.server().exposed_uri(ConnectorName("gone"), "file:///a", stage.caller) ==
          "file:///a");
}
