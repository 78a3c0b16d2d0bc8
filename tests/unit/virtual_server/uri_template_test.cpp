#include "gateway/virtual_server/uri_template.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace gatehouse::gateway;

namespace {

bool makes(const std::string& text, const std::string& uri) {
    const auto compiled = UriTemplate::compile(text);
    INFO(text);
    REQUIRE(compiled.has_value());
    return compiled->makes(uri);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

} // namespace

TEST_CASE("a template owns the URIs that RFC 6570 makes of it") {
    for (const auto& [text, uri] : Pairs{{"note://a", "note://a"},
                                         {"note://{id}", "note://42"},
                                         {"note://{id}", "note://a%2Fb"},
                                         {"note://{id}", "note://"},
                                         {"note://{id}/text", "note://42/text"},
                                         {"test://{a}-{b}-{c}", "test://1-2-3-4"},
                                         {"test://{x,y}", "test://1024,768"},
                                         {"file:///{+path}", "file:///home/a/b?c#d"},
                                         {"{+path}", "file:///x"},
                                         {"{+a}x{b}", "p/x/qxr"},
                                         {"doc://a{#part}", "doc://a#/one/two"},
                                         {"doc://a{#part}", "doc://a"},
                                         {"doc://a{.ext}", "doc://a.tar.gz"},
                                         {"doc://a{/x,y}/end", "doc://a/1/2/end"},
                                         {"doc://a{;x,y,empty}", "doc://a;x=1;y=2;empty"},
                                         {"doc://a{?x,y}", "doc://a?x=1&y=2"},
                                         {"doc://a{?x,y}", "doc://a"},
                                         {"doc://a?fixed=yes{&x}", "doc://a?fixed=yes&x=1"},
                                         {"doc://{name:3}/{list*}", "doc://abc/1,2"}}) {
        CAPTURE(text, uri);
        CHECK(makes(text, uri));
    }
}

TEST_CASE("a template does not own what RFC 6570 cannot make of it") {
    for (const auto& [text, uri] : Pairs{{"note://a", "note://ab"},
                                         {"note://a", "note://"},
                                         {"note://{id}", "note://a/b"},
                                         {"note://{id}", "note://a?b"},
                                         {"note://{id}", "notes://a"},
                                         {"note://{id}/text", "note://42/texts"},
                                         {"note://{id}/text", "note://4/2/text"},
                                         {"doc://a{#part}", "doc://ab"},
                                         {"doc://a{.ext}", "doc://agz"},
                                         {"doc://a{/x}", "doc://ab"},
                                         {"doc://a{?x}", "doc://ax=1"},
                                         {"doc://a{?x}", "doc://a?x=1#y"},
                                         {"{+a}x{b}", "p/x/q/r"},
                                         {"", "a"}}) {
        CAPTURE(text, uri);
        CHECK_FALSE(makes(text, uri));
    }
}

TEST_CASE("malformed and oversized templates own nothing") {
    for (const std::string text :
         {"a{", "a}", "{}", "{a", "{{a}}", "{a b}", "{+}", "{!x}", "{a{b}}"}) {
        CAPTURE(text);
        CHECK_FALSE(UriTemplate::compile(text).has_value());
    }
    CHECK_FALSE(UriTemplate::compile(std::string(5000, 'a')).has_value());
    std::string many;
    for (int i = 0; i < 40; ++i) {
        many += "{a}-";
    }
    CHECK_FALSE(UriTemplate::compile(many).has_value());
    CHECK_FALSE(makes("{+a}", std::string(5000, 'a')));
}

TEST_CASE("a hostile template costs no more than its length times that of the URI") {
    std::string text;
    for (int i = 0; i < 16; ++i) {
        text += "{+v}a";
    }
    const auto compiled = UriTemplate::compile(text);
    REQUIRE(compiled.has_value());
    const std::string uri = std::string(4000, 'a') + "b" + "a";
    const auto start = std::chrono::steady_clock::now();
    CHECK(compiled->makes(uri));
    CHECK_FALSE(compiled->makes(uri + "b"));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(100));
}

TEST_CASE("a template makes its own sample") {
    for (const char* text : {"note://a", "note://{id}/x", "file:///{+path}", "d{#a}", "d{.a}b{/c}",
                             "d{;x}", "d{?x,y}", "d?a=1{&x}", "{a}{b}"}) {
        CAPTURE(text);
        const auto compiled = UriTemplate::compile(text);
        REQUIRE(compiled.has_value());
        CHECK(compiled->makes(compiled->sample()));
    }
}
