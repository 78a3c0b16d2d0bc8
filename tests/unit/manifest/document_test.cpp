#include "runtime/manifest/document.hpp"
#include "runtime/manifest/scalar.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

namespace {

using namespace gatehouse::runtime;

Document read(std::string_view text) {
    return read_document_text("f.yaml", text);
}

// The first issue as "CODE line:column path".
std::string first_issue(const Document& document) {
    if (document.issues.empty()) {
        return "none";
    }
    const Issue& issue = document.issues.front();
    return issue.code + " " + std::to_string(issue.line) + ":" + std::to_string(issue.column) +
           (issue.path.empty() ? "" : " " + issue.path);
}

const Node& member(const Document& document, const std::string& key) {
    for (const NodeMember& candidate : document.root.members) {
        if (candidate.key == key) {
            return candidate.value;
        }
    }
    FAIL("no member " << key);
    return document.root;
}

TEST_CASE("a document becomes a tree with the place of every node") {
    const Document document = read("a: 1\nb:\n  - x\n  - \"y\"\nc: {d: e}\n");
    REQUIRE(document.readable);
    CHECK(document.issues.empty());
    CHECK(member(document, "a").text == "1");
    const Node& b = member(document, "b");
    REQUIRE(b.items.size() == 2);
    CHECK(b.items[1].quoted);
    CHECK_FALSE(b.items[0].quoted);
    CHECK(b.items[1].place.line == 4);
    CHECK(b.items[1].place.column == 5);
    CHECK(member(document, "c").members[0].key_place.column == 5);
}

TEST_CASE("no, yes, on and off are strings, and only true and false are booleans") {
    for (const char* word : {"no", "yes", "on", "off", "True", "FALSE", "y"}) {
        const Document document = read(std::string("a: ") + word);
        CHECK(scalar_type(member(document, "a")) == ScalarType::string);
    }
    CHECK(scalar_type(member(read("a: true"), "a")) == ScalarType::boolean);
    CHECK(scalar_type(member(read("a: 'true'"), "a")) == ScalarType::string);
}

TEST_CASE("what looks like a number is a number, and a version is a string") {
    for (const char* number :
         {"0", "-12", "+5", "1.5", ".5", "1e3", "0x1F", "007", ".inf", "-1.5E-3"}) {
        const ScalarType type = scalar_type(member(read(std::string("a: ") + number), "a"));
        CHECK((type == ScalarType::integer || type == ScalarType::number));
    }
    for (const char* text : {"1.2.3", "12:30:00", "1_000", "-", ".", "e5", "1e", "0xZ", "5m"}) {
        CHECK(scalar_type(member(read(std::string("a: '") + text + "'"), "a")) ==
              ScalarType::string);
        Node plain;
        plain.kind = NodeKind::scalar;
        plain.text = text;
        CHECK(scalar_type(plain) == ScalarType::string);
    }
}

TEST_CASE("only plain decimal integers are read, octal and hexadecimal are not") {
    CHECK(decimal_integer("42") == 42);
    CHECK(decimal_integer("-7") == -7);
    CHECK(decimal_integer("+7") == 7);
    for (const char* text : {"007", "0x1F", "0o17", "9223372036854775808", "", "-", "1.0", "+-1"}) {
        CHECK_FALSE(decimal_integer(text).has_value());
    }
}

TEST_CASE("numbers that are not finite are not read") {
    CHECK(decimal_number("0.25") == 0.25);
    CHECK_FALSE(decimal_number(".inf").has_value());
    CHECK_FALSE(decimal_number(".nan").has_value());
    CHECK_FALSE(decimal_number("1e999").has_value());
}

TEST_CASE("a duplicate key is an issue at its second place") {
    CHECK(first_issue(read("a: 1\nb:\n  c: 1\n  c: 2\n")) == "GH-C507 4:3 b.c");
    CHECK(first_issue(read("a: [{x: 1, x: 2}]")) == "GH-C507 1:12 a[0].x");
    CHECK(member(read("a: 1\na: 2"), "a").text == "1");
}

TEST_CASE("anchors, aliases, merge keys and tags are issues") {
    CHECK(first_issue(read("a: &x 1\n")) == "GH-C501 1:4 a");
    CHECK(first_issue(read("a: &x {k: v}\nb: {<<: *x}\n")) == "GH-C501 1:4 a");
    CHECK(first_issue(read("b: {<<: {k: v}}\n")) == "GH-C501 1:5 b");
    CHECK(first_issue(read("a: !!str 5\n")) == "GH-C501 1:4 a");
    CHECK(first_issue(read("a: !secret x\n")) == "GH-C501 1:4 a");
}

TEST_CASE("keys that are no text are issues") {
    CHECK(first_issue(read("? [a, b]\n: c\n")) == "GH-C501 1:3");
    CHECK(first_issue(read("~: c\n")) == "GH-C501 1:1");
}

TEST_CASE("a second document in the file is an issue, even an empty one") {
    CHECK(first_issue(read("a: 1\n---\nb: 2\n")) == "GH-C501 2:1");
    CHECK(first_issue(read("---\na: 1\n---\n")).substr(0, 7) == "GH-C501");
    CHECK(first_issue(read("---\na: 1\n...\n")) == "none");
}

TEST_CASE("an empty file is an issue of the whole file") {
    for (const char* text : {"", "\n\n", "# only a comment\n", "~", "---\n"}) {
        const Document document = read(text);
        CHECK_FALSE(document.readable);
        CHECK(first_issue(document) == "GH-C501 0:0");
    }
}

TEST_CASE("malformed YAML is one issue with its place") {
    CHECK(first_issue(read("a: [1, 2\nb: 3\n")).substr(0, 7) == "GH-C501");
    CHECK(first_issue(read("a:\n\tb: 1\n")).substr(0, 10) == "GH-C501 2:");
    CHECK(first_issue(read("a: b: c\n")) == "GH-C501 1:5");
    CHECK(first_issue(read("a: @x\n")) == "GH-C501 1:4");
}

TEST_CASE("a quote that is never closed is an issue, not a text that ends with the file") {
    CHECK(first_issue(read("a: \"open\n")) == "GH-C501 1:1");
    CHECK(first_issue(read("a: \"open\nb: 1\n")) == "GH-C501 2:1");
    CHECK(first_issue(read("a: 'open")) == "GH-C501 1:1");
    CHECK(member(read("a: |+\n  x\n\n"), "a").text == "x\n\n");
}

TEST_CASE("depth is bounded") {
    const auto nested = [](std::size_t depth) {
        return "a: " + std::string(depth, '[') + std::string(depth, ']') + "\n";
    };
    CHECK(first_issue(read(nested(document_max_depth - 1))) == "none");
    CHECK(first_issue(read(nested(document_max_depth))).substr(0, 10) == "GH-C501 1:");
    CHECK_FALSE(read("a: " + std::string(100'000, '[')).readable);
    CHECK_FALSE(read(std::string(100'000, '{')).readable);
}

TEST_CASE("size is bounded, for text and for files") {
    CHECK(first_issue(read(std::string(document_max_bytes + 1, ' '))) == "GH-C509 0:0");
    const auto file = std::filesystem::temp_directory_path() / "gatehouse_document_test_large.yaml";
    std::ofstream(file) << "a: " << std::string(document_max_bytes, 'x');
    CHECK(first_issue(read_document(file)) == "GH-C509 0:0");
    std::filesystem::remove(file);
}

TEST_CASE("a file that is missing or a folder is an issue") {
    CHECK(first_issue(read_document("/nonexistent/x.yaml")) == "GH-C509 0:0");
    CHECK(first_issue(read_document("/tmp")) == "GH-C509 0:0");
}

TEST_CASE("control characters and broken UTF-8 are refused, not read as the end of the file") {
    CHECK(first_issue(read(std::string("a: 1\nb: \x04\nc: 3\n"))) == "GH-C501 2:4");
    CHECK(first_issue(read(std::string_view("a: 1\nb\0: 2\n", 11))) == "GH-C501 2:2");
    CHECK(first_issue(read("a: \xC3\x28\n")) == "GH-C501 1:4");
    CHECK(first_issue(read("a: \xED\xA0\x80\n")) == "GH-C501 1:4");
    CHECK(first_issue(read("\xFF\xFE"
                           "a")) == "GH-C501 1:1");
    CHECK(first_issue(read("a: \"ä€😀\"\n")) == "none");
    CHECK(first_issue(read("\xEF\xBB\xBF"
                           "a: 1\n")) == "none");
}

TEST_CASE("a value that is not there has the place of its key") {
    const Document document = read("a:\nb: 1\n");
    CHECK(member(document, "a").kind == NodeKind::null);
    CHECK(member(document, "a").place.line == 1);
}

TEST_CASE("paths quote keys that are no plain words") {
    CHECK(path_of_key("", "run") == "run");
    CHECK(path_of_key("labels", "a.b") == "labels.\"a.b\"");
    CHECK(path_of_item("policy", 2) == "policy[2]");
}

TEST_CASE("the kind of a document is found without validating it") {
    CHECK(document_kind(read("x: 1\nkind: Gateway\n")) == "Gateway");
    CHECK(document_kind(read("x: 1\n")).empty());
    CHECK(document_kind(read("[1]")).empty());
}

TEST_CASE("an issue prints its place, path, code and hint in one line") {
    const Issue issue{
        "file", 3, 5, "run.comand", "GH-C502", "unknown key", "Did you mean 'command'?"};
    CHECK(to_text(issue) == "file:3:5: run.comand: unknown key [GH-C502]. Did you mean 'command'?");
    CHECK(to_text(Issue{"file", 0, 0, "", "GH-C509", "missing", ""}) == "file: missing [GH-C509]");
}

} // namespace
