#include "tests/unit/mcp/virtual_server_fixture.hpp"

#include <set>

using namespace gatehouse;
using namespace gatehouse::gateway;
using gateway::testing::prompt_item;
using gateway::testing::resource_item;
using gateway::testing::tool_item;
using gateway::testing::VirtualServerStage;
using runtime::ListKind;

namespace {

// All names of a list, page by page; checks the bounds of each.
std::vector<std::string> all_pages(VirtualServerStage& stage, ListKind kind, const char* member,
                                   std::size_t& page_count) {
    std::vector<std::string> names;
    std::string cursor;
    page_count = 0;
    do {
        const Json page = stage.json_list(kind, Era::legacy, cursor);
        const Json& items = page.at(std::string(runtime::list_member(kind)));
        CHECK(items.size() <= 1000);
        for (const Json& item : items) {
            names.push_back(item.at(member).get<std::string>());
        }
        cursor = page.value("nextCursor", "");
        ++page_count;
    } while (!cursor.empty() && page_count < 100);
    return names;
}

PolicyRule hide(const std::string& tool, const std::string& resource) {
    PolicyRule rule;
    rule.name = "hide";
    rule.tools = {tool};
    rule.resources = {resource};
    return rule;
}

} // namespace

TEST_CASE("each era gets its list in its own form") {
    VirtualServerStage stage;
    stage.connector("one", "one_").tools = {tool_item("add")};
    const std::string items = R"([{"name":"one_add","inputSchema":{"type":"object"}}])";
    CHECK(*stage.list(ListKind::tools) == "{\"tools\":" + items + "}");
    const std::string modern = *stage.list(ListKind::tools, Era::modern);
    CHECK(modern.starts_with(R"({"resultType":"complete","tools":)" + items +
                             R"(,"ttlMs":0,"cacheScope":"private","_meta":{)"));
    CHECK(stage.json_list(ListKind::prompts).dump() == R"({"prompts":[]})");
    CHECK(stage.json_list(ListKind::resource_templates, Era::modern)["resourceTemplates"].empty());
}

TEST_CASE("a list holds as long as the shortest of its connectors says, and is always private") {
    struct Source {
        Era era;
        std::int64_t ttl_ms;
    };
    const auto ttl = [](const std::vector<Source>& sources) {
        VirtualServerStage stage;
        for (const Source& source : sources) {
            const std::string name = "c" + std::to_string(stage.config.connectors.size());
            auto& made = stage.connector(name, name + "_");
            made.era = source.era;
            made.put(ListKind::tools, {{tool_item("add")}, source.ttl_ms});
        }
        CHECK_FALSE(stage.json_list(ListKind::tools).contains("ttlMs"));
        const Json list = stage.json_list(ListKind::tools, Era::modern);
        CHECK(list["cacheScope"] == "private");
        return list["ttlMs"].get<std::int64_t>();
    };
    CHECK(ttl({}) == 0);
    CHECK(ttl({{Era::modern, 60'000}}) == 60'000);
    CHECK(ttl({{Era::modern, 60'000}, {Era::modern, 5'000}}) == 5'000);
    CHECK(ttl({{Era::modern, 60'000}, {Era::legacy, 0}}) == 0);
    CHECK(ttl({{Era::modern, INT64_C(999'999'999'999)}}) == 3'600'000);
}

TEST_CASE("an output schema that legacy clients refuse is kept from them only") {
    VirtualServerStage stage;
    stage.connector("one", "").tools = {
        {"any",
         R"({"name":"any","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}})"},
        {"obj",
         R"({"name":"obj","inputSchema":{"type":"object"},"outputSchema":{"type":"object"}})"}};
    const Json legacy = stage.json_list(ListKind::tools)["tools"];
    CHECK_FALSE(legacy[0].contains("outputSchema"));
    CHECK(legacy[1].contains("outputSchema"));
    CHECK(stage.json_list(ListKind::tools, Era::modern)["tools"][0].contains("outputSchema"));
}

TEST_CASE("lists hide what policy can never allow, kind by kind") {
    VirtualServerStage stage;
    auto& one = stage.connector("one", "one_");
    one.tools = {tool_item("add"), tool_item("delete")};
    one.prompts = {prompt_item("delete")};
    one.resources = {resource_item("note://1"), resource_item("secret://1")};
    stage.rules = {hide("delete", "secret:*")};
    CHECK(stage.names(ListKind::tools) == "one_add");
    CHECK(stage.names(ListKind::prompts) == "one_delete");
    CHECK(stage.names(ListKind::resources) == "note://1");
}

TEST_CASE("a long list comes in pages, every item once and in one order") {
    VirtualServerStage stage;
    auto& one = stage.connector("one", "one_");
    auto& two = stage.connector("two", "two_");
    for (int i = 0; i < 5000; ++i) {
        one.resources.push_back(resource_item("r://" + std::to_string(i)));
        two.resources.push_back(resource_item("r://" + std::to_string(i)));
        one.tools.push_back(tool_item("t" + std::to_string(i)));
    }
    std::size_t pages = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto uris = all_pages(stage, ListKind::resources, "uri", pages);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
    CHECK(uris.size() == 10'000);
    CHECK(pages == 10);
    CHECK(std::set<std::string>(uris.begin(), uris.end()).size() == 10'000);
    CHECK(uris[4999] == "r://4999");
    CHECK(uris[5000] == "two+r://0");
    const auto tools = all_pages(stage, ListKind::tools, "name", pages);
    CHECK(tools.size() == 5000);
    CHECK(pages == 5);
}

TEST_CASE("a page holds about a megabyte, and one item however large") {
    VirtualServerStage stage;
    auto& one = stage.connector("one", "");
    const std::string large(400'000, 'x');
    for (const char* name : {"a", "b", "c", "d"}) {
        one.prompts.push_back({name, std::string(R"({"name":")") + name + R"(","title":")" +
                                         (*name == 'd' ? large + large + large : large) + "\"}"});
    }
    std::size_t pages = 0;
    CHECK(all_pages(stage, ListKind::prompts, "name", pages) ==
          std::vector<std::string>{"a", "b", "c", "d"});
    CHECK(pages == 3);
}

TEST_CASE("paging goes on behind the same item when the list has changed meanwhile") {
    VirtualServerStage stage;
    auto& one = stage.connector("one", "");
    for (int i = 0; i < 1500; ++i) {
        one.prompts.push_back(prompt_item("p" + std::to_string(i)));
    }
    const std::string cursor = stage.json_list(ListKind::prompts).at("nextCursor");
    auto changed = std::make_shared<runtime::Catalogue>(one);
    changed->prompts.erase(changed->prompts.begin(), changed->prompts.begin() + 10);
    stage.directory.known["one"] = changed;
    CHECK(stage.json_list(ListKind::prompts, Era::legacy, cursor)["prompts"][0]["name"] == "p1000");
    auto gone = std::make_shared<runtime::Catalogue>(*changed);
    gone->prompts.resize(900);
    stage.directory.known["one"] = gone;
    const auto refused = stage.list(ListKind::prompts, Era::legacy, cursor);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code == "GH-M425");
}

TEST_CASE("a cursor that is not of this list is refused") {
    VirtualServerStage stage;
    VirtualServerStage other;
    other.config.name = VirtualServerName("other");
    for (VirtualServerStage* each : {&stage, &other}) {
        auto& one = each->connector("one", "");
        for (int i = 0; i < 1500; ++i) {
            one.tools.push_back(tool_item("p" + std::to_string(i)));
            one.prompts.push_back(prompt_item("p" + std::to_string(i)));
        }
    }
    const std::string good = stage.json_list(ListKind::prompts).at("nextCursor");
    const std::string of_tools = stage.json_list(ListKind::tools).at("nextCursor");
    const std::string foreign = other.json_list(ListKind::prompts).at("nextCursor");
    CHECK(stage.list(ListKind::prompts, Era::modern, good).has_value());
    const std::string long_text(5000, 'f');
    for (const std::string& bad :
         {of_tools, foreign, std::string("x"), std::string("-"), std::string("3e8-"),
          std::string("0-0"), std::string("3e8-1"), good + "0", good + " ", long_text,
          std::string("ffffffffffffffff-ffffffffffffffff"), std::string("\xff\xfe\x00", 3)}) {
        CAPTURE(bad);
        const auto refused = stage.list(ListKind::prompts, Era::legacy, bad);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == "GH-M425");
    }
}

TEST_CASE("one connector that cannot start neither empties nor holds up the list of the others") {
    VirtualServerStage stage;
    stage.connector("one", "one_").tools = {tool_item("add")};
    stage.expose("dead", "dead_");
    stage.expose("worse", "worse_");
    CHECK(stage.names(ListKind::tools) == "one_add");
    CHECK(stage.directory.side_by_side_max == 2);
    CHECK(stage.names(ListKind::tools) == "one_add");
    // The first list gives it the time of a start, the later ones do not wait again.
    const auto& waits = stage.directory.waits.at("dead");
    REQUIRE(waits.size() == 2);
    CHECK(waits[0] == std::chrono::seconds(60));
    CHECK(waits[1] == std::chrono::seconds(1));
    CHECK(stage.directory.waits.count("one") == 0);
    auto late = std::make_shared<runtime::Catalogue>();
    late->tools = {tool_item("hello")};
    stage.directory.startable["dead"] = late;
    CHECK(stage.names(ListKind::tools) == "one_add dead_hello");
}

TEST_CASE("lists are read again before they are shown, from the connectors that have them") {
    VirtualServerStage stage;
    stage.connector("one", "one_").tools = {tool_item("add")};
    stage.connector("two", "two_").tools = {tool_item("add")};
    auto newer = std::make_shared<runtime::Catalogue>();
    newer->tools = {tool_item("add"), tool_item("new")};
    stage.directory.refreshable["two"] = newer;
    CHECK(stage.names(ListKind::tools) == "one_add two_add two_new");
    CHECK(stage.directory.refreshed == std::vector<std::string>{"one tools", "two tools"});
    stage.directory.refreshed.clear();
    CHECK(stage.names(ListKind::prompts).empty());
    CHECK(stage.directory.refreshed.empty());
}

TEST_CASE("a resource without a name gets one, because clients refuse a list over it") {
    VirtualServerStage stage;
    stage.connector("one", "").resources = {{"note://1", R"({"uri":"note://1"})"}};
    CHECK(*stage.list(ListKind::resources) ==
          R"({"resources":[{"name":"note://1","uri":"note://1"}]})");
}

TEST_CASE("list cost", "[.bench]") {
    VirtualServerStage stage;
    for (const char* name : {"a", "b", "c"}) {
        auto& one = stage.connector(name, std::string(name) + "_");
        for (int i = 0; i < 100; ++i) {
            one.tools.push_back(
                {"t" + std::to_string(i), R"({"name":"t)" + std::to_string(i) +
                                              R"(","inputSchema":{"type":"object"},)"
                                              R"("description":")" +
                                              std::string(500, 'x') + "\"}"});
        }
        for (int i = 0; i < 3400; ++i) {
            one.resources.push_back(resource_item("r://" + std::to_string(i)));
        }
    }
    for (const ListKind kind : {ListKind::tools, ListKind::resources}) {
        CHECK(stage.list(kind).has_value());
        constexpr int rounds = 200;
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < rounds; ++i) {
            CHECK(stage.list(kind).has_value());
        }
        const std::chrono::duration<double, std::micro> spent =
            std::chrono::steady_clock::now() - start;
        WARN(runtime::list_method(kind) << ": " << spent.count() / rounds << " us");
    }
}
