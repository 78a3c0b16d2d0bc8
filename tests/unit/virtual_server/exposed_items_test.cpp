#include "gateway/virtual_server/definition.hpp"
#include "gateway/virtual_server/exposed_items.hpp"
#include "gateway/virtual_server/namespaced_uri.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using namespace gatehouse;
using namespace gatehouse::gateway;
using runtime::ListKind;

namespace {

ExposedConnector notes_connector() {
    ExposedConnector exposed;
    exposed.name = ConnectorName("notes");
    exposed.prefix = "notes_";
    return exposed;
}

runtime::CatalogueItem item(const std::string& name) {
    return {name, R"({"uri":")" + name + R"("})"};
}

} // namespace

TEST_CASE("prompts are selected by name, resources by URI, templates by their text") {
    auto exposed = notes_connector();
    exposed.prompts.deny = {"draft_*"};
    exposed.resources.allow = {"note://*", "log:*"};
    exposed.resources.deny = {"note://private/*"};
    auto catalogue = std::make_shared<runtime::Catalogue>();
    catalogue->prompts = {item("sum"), item("draft_sum")};
    catalogue->resources = {item("note://1"), item("note://private/1"), item("file:///a")};
    catalogue->resource_templates = {item("log:{day}"), item("file:///{+path}")};
    const ExposedItems items(exposed, catalogue);
    REQUIRE(items.list(ListKind::prompts).size() == 1);
    CHECK(items.has(ListKind::prompts, "sum"));
    CHECK_FALSE(items.has(ListKind::prompts, "draft_sum"));
    REQUIRE(items.list(ListKind::resources).size() == 1);
    CHECK(items.has(ListKind::resources, "note://1"));
    CHECK_FALSE(items.has(ListKind::resources, "note://private/1"));
    CHECK(items.list(ListKind::resource_templates).size() == 1);
    CHECK(items.template_makes("log:monday"));
    CHECK_FALSE(items.template_makes("file:///etc/passwd"));
    CHECK(items.shows_uri("note://2"));
    CHECK_FALSE(items.shows_uri("note://private/2"));
    CHECK(items.list(ListKind::tools).empty());
}

TEST_CASE("a connector offers the lists it names or has, unless nothing of them is exposed") {
    auto exposed = notes_connector();
    runtime::Catalogue catalogue;
    CHECK_FALSE(exposes_list(exposed, &catalogue, ListKind::prompts));
    catalogue.capabilities = R"({"prompts":{},"resources":{}})";
    CHECK(exposes_list(exposed, &catalogue, ListKind::prompts));
    CHECK(exposes_list(exposed, &catalogue, ListKind::resource_templates));
    CHECK_FALSE(exposes_list(exposed, &catalogue, ListKind::tools));
    catalogue.tools = {item("add")};
    CHECK(exposes_list(exposed, &catalogue, ListKind::tools));
    CHECK(exposes_list(exposed, nullptr, ListKind::resources));
    exposed.resources.allow.clear();
    CHECK_FALSE(exposes_list(exposed, nullptr, ListKind::resources));
    CHECK_FALSE(exposes_list(exposed, &catalogue, ListKind::resource_templates));
}

TEST_CASE("an index is built once per catalogue, and given up when the catalogue is") {
    const auto exposed = notes_connector();
    ExposedItemsCache cache;
    auto first = std::make_shared<const runtime::Catalogue>();
    auto made = cache.get(exposed, first);
    CHECK(cache.get(exposed, first) == made);
    const std::weak_ptr<const runtime::Catalogue> watched = first;
    made.reset();
    first.reset();
    const auto next = std::make_shared<const runtime::Catalogue>();
    const auto kept = cache.get(exposed, next);
    CHECK(watched.expired());
    CHECK(cache.get(exposed, next) == kept);
}

TEST_CASE("however many catalogues are in use, only so many indexes are kept") {
    const auto exposed = notes_connector();
    ExposedItemsCache cache;
    std::vector<std::shared_ptr<const runtime::Catalogue>> used;
    std::vector<std::weak_ptr<const ExposedItems>> made;
    for (int i = 0; i < 200; ++i) {
        used.push_back(std::make_shared<const runtime::Catalogue>());
        made.push_back(cache.get(exposed, used.back()));
    }
    const auto alive =
        std::count_if(made.begin(), made.end(), [](const auto& one) { return !one.expired(); });
    CHECK(alive == 64);
}

TEST_CASE("a namespaced URI is one of the connector, whatever its name begins with") {
    const ConnectorName notes("notes");
    const ConnectorName digit("7zip");
    CHECK(namespaced_uri(notes, "file:///a") == "notes+file:///a");
    CHECK(namespaced_uri(digit, "file:///{+p}") == "x-7zip+file:///{+p}");
    CHECK(uri_within_namespace(notes, "notes+file:///a") == "file:///a");
    CHECK(uri_within_namespace(digit, "x-7zip+a:b") == "a:b");
    CHECK_FALSE(uri_within_namespace(digit, "7zip+a:b").has_value());
    CHECK_FALSE(uri_within_namespace(notes, "note+file:///a").has_value());
}

TEST_CASE("members are exchanged, put in and taken out, and all else stays as it was") {
    CHECK(with_member(R"({ "uri" : "a", "x":1.0 })", "uri", R"("b")") ==
          R"({ "uri" : "b", "x":1.0 })");
    CHECK(with_member(R"({"\u0075ri":"a"})", "uri", R"("b")") == R"({"\u0075ri":"b"})");
    CHECK(with_member(R"({ "x":1})", "name", R"("b")") == R"({"name":"b", "x":1})");
    CHECK(with_member("{}", "name", "1") == R"({"name":1})");
    CHECK(with_member("[1]", "name", "1") == "[1]");
    CHECK(without_member(R"({"a":1, "b":{"a":2} , "c":3})", "b") == R"({"a":1 , "c":3})");
    CHECK(without_member(R"({"a":1, "b":2})", "a") == R"({"b":2})");
    CHECK(without_member(R"({"a":1, "b":2})", "b") == R"({"a":1})");
    CHECK(without_member(R"({"a":1})", "a") == "{}");
    CHECK(without_member(R"({"a":1})", "b") == R"({"a":1})");
}
