#include "runtime/session/json_scan.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace gatehouse;
using namespace gatehouse::runtime;

namespace {

bool valid(std::string_view text) {
    return validate_json(text).has_value();
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

} // namespace

TEST_CASE("every form of value that RFC 8259 knows is accepted") {
    for (const char* text :
         {"0", "-0", "1.5", "-1.25e+10", "1E5", "true", "false", "null", "\"\"", "[]", "{}",
          " [ ] ", "\t{\r\n}\n", R"({"a":[1,2,{"b":null}],"c":"\u00e9\n\/"})",
          "\"\xc3\xa9\xf0\x9f\x98\x80\""}) {
        INFO(text);
        CHECK(valid(text));
    }
}

TEST_CASE("text that is not RFC 8259 is refused") {
    for (const char* text :
         {"",          " ",         "01",       "-",        "+1",         "1.",
          ".5",        "1e",        "1e+",      "0x1",      "NaN",        "Infinity",
          "tru",       "nul",       "truee",    "\"",       "\"\\x\"",    "\"\\u12g4\"",
          "\"\\u12\"", "[",         "]",        "[1",       "[1,]",       "[,1]",
          "[1 2]",     "{",         "{\"a\"}",  "{\"a\":}", "{\"a\":1,}", "{a:1}",
          "{1:1}",     "{\"a\" 1}", "{,}",      "[}",       "{]",         "1 2",
          "{}{}",      "'a'",       "\"a\nb\"", "\"\x01\"", "// a\n1",    "\xef\xbb\xbf{}"}) {
        INFO(text);
        CHECK_FALSE(valid(text));
    }
}

TEST_CASE("a NUL byte is refused inside and outside of strings") {
    CHECK_FALSE(valid(std::string_view("\"a\0b\"", 5)));
    CHECK_FALSE(valid(std::string_view("1\0", 2)));
    CHECK(valid(R"("a\u0000b")"));
}

TEST_CASE("the error says at which byte and why") {
    const auto checked = validate_json(R"({"a":1,"a":2})");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == "GH-M403");
    CHECK(checked.error().where == "byte 10");
    CHECK(checked.error().why == "duplicate key");
}

TEST_CASE("128 levels are accepted, 129 and 100,000 are refused") {
    CHECK(valid(nested(128)));
    CHECK_FALSE(valid(nested(129)));
    CHECK_FALSE(valid(nested(100'000)));
    CHECK_FALSE(valid(std::string(100'000, '[')));
    std::string objects;
    for (int i = 0; i < 100'000; ++i) {
        objects += "{\"a\":";
    }
    CHECK_FALSE(valid(objects));
}

TEST_CASE("duplicate keys are refused at any depth and however they are written") {
    CHECK_FALSE(valid(R"({"a":1,"b":2,"a":3})"));
    CHECK_FALSE(valid(R"([{"x":{"k":1,"k":2}}])"));
    CHECK_FALSE(valid(R"({"a":1,"\u0061":2})"));
    CHECK_FALSE(valid(R"({"\u00e9":1,"é":2})"));
    CHECK_FALSE(valid(R"({"\ud83d\ude00":1,"😀":2})"));
    CHECK_FALSE(valid(R"({"":1,"":2})"));
    CHECK(valid(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})"));
    CHECK(valid(R"({"a":1,"A":2,"\u0000":3})"));
}

TEST_CASE("duplicate keys are found in large objects, and distinct ones accepted") {
    std::string text = "{";
    for (int i = 0; i < 5000; ++i) {
        text += "\"key" + std::to_string(i) + "\":{\"x\":1},";
    }
    CHECK(valid(text + "\"last\":1}"));
    CHECK_FALSE(valid(text + "\"key0\":1}"));
    CHECK_FALSE(valid(text + R"("\u006bey4999":1})"));
}

TEST_CASE("half a surrogate pair passes in a value and is refused in a key") {
    CHECK(valid(R"("\ud83d")"));
    CHECK(valid(R"("\ude00\ud83d")"));
    CHECK_FALSE(valid(R"({"\ud83d":1})"));
    CHECK(string_value(R"("a\ud83dz")") == "a\xef\xbf\xbdz");
    CHECK(string_value(R"("\ud83d\ud83d\ude00")") == "\xef\xbf\xbd\xf0\x9f\x98\x80");
}

TEST_CASE("invalid UTF-8 is refused wherever it stands in a string") {
    for (const char* bytes :
         {"\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
        CHECK_FALSE(valid("\"" + std::string(bytes) + "\""));
        CHECK_FALSE(valid("{\"" + std::string(bytes) + "\":1}"));
        CHECK_FALSE(valid("[\"" + std::string(100, 'x') + bytes + "\"]"));
    }
}

TEST_CASE("a special byte is seen at every position of a long string") {
    for (std::size_t at = 0; at < 70; ++at) {
        std::string inside(70, 'x');
        inside[at] = '\x1f';
        CHECK_FALSE(valid("\"" + inside + "\""));
        inside[at] = '"';
        CHECK_FALSE(valid("\"" + inside + "\""));
        inside.replace(at, 1, "\\\"");
        CHECK(valid("\"" + inside + "\""));
    }
}

TEST_CASE("every prefix of a valid text is refused without reading past it") {
    const std::string text = R"({"a":[1.5e3,true,null,"x\u00e9\n"],"b":{"c":"ééé","d":-0}})";
    REQUIRE(valid(text));
    for (std::size_t length = 0; length < text.size(); ++length) {
        // On the heap, so that a sanitizer build sees a read past the end.
        const std::string prefix(text.data(), length);
        CHECK_FALSE(valid(prefix));
        static_cast<void>(object_members(prefix));
        find_pointer(prefix, "/b/c");
    }
}

TEST_CASE("members come in order with their exact bytes") {
    const auto members = object_members(R"( { "a" : [ 1, {"x":"}"} ] , "b\"c":"]" ,"d":-1e5 } )");
    REQUIRE(members);
    REQUIRE(members->size() == 3);
    CHECK((*members)[0].key == "a");
    CHECK((*members)[0].value == R"([ 1, {"x":"}"} ])");
    CHECK((*members)[1].key == R"(b\"c)");
    CHECK((*members)[1].value == R"("]")");
    CHECK((*members)[2].value == "-1e5");
    CHECK_FALSE(object_members("[1]"));
    CHECK(object_members("{}")->empty());
}

TEST_CASE("elements come in order with their exact bytes") {
    const auto elements = array_elements(R"([1 , "a,b", {"x":[2]},[]])");
    REQUIRE(elements);
    REQUIRE(elements->size() == 4);
    CHECK((*elements)[0] == "1");
    CHECK((*elements)[1] == R"("a,b")");
    CHECK((*elements)[2] == R"({"x":[2]})");
    CHECK((*elements)[3] == "[]");
    CHECK_FALSE(array_elements("{}"));
}

TEST_CASE("a member is found by its unescaped key") {
    CHECK(find_member(R"({"x":1,"\u0061b":"v"})", "ab") == "\"v\"");
    CHECK_FALSE(find_member(R"({"x":{"y":1}})", "y"));
    CHECK_FALSE(find_member("[1]", "0"));
}

TEST_CASE("the examples of RFC 6901 find their values") {
    const std::string text = R"({"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,
        "i\\j":5,"k\"l":6," ":7,"m~n":8})";
    CHECK(find_pointer(text, "") == text);
    CHECK(find_pointer(text, "/foo") == R"(["bar","baz"])");
    CHECK(find_pointer(text, "/foo/0") == "\"bar\"");
    CHECK(find_pointer(text, "/") == "0");
    CHECK(find_pointer(text, "/a~1b") == "1");
    CHECK(find_pointer(text, "/i\\j") == "5");
    CHECK(find_pointer(text, "/k\"l") == "6");
    CHECK(find_pointer(text, "/ ") == "7");
    CHECK(find_pointer(text, "/m~0n") == "8");
    CHECK_FALSE(find_pointer(text, "/foo/2"));
    CHECK_FALSE(find_pointer(text, "/foo/00"));
    CHECK_FALSE(find_pointer(text, "/foo/-"));
    CHECK_FALSE(find_pointer(text, "/foo/"));
    CHECK_FALSE(find_pointer(text, "foo"));
    CHECK_FALSE(find_pointer(text, "/foo/0/x"));
}

TEST_CASE("a string literal gives its text") {
    CHECK(string_value(R"("a\"\\\/\b\f\n\r\tz")") == "a\"\\/\b\f\n\r\tz");
    CHECK(string_value(R"("\u00e9\u20ac\ud83d\ude00")") == "é€😀");
    CHECK(string_value("\"\"") == "");
    CHECK_FALSE(string_value("1"));
    CHECK_FALSE(string_value("\""));
}
