#include "runtime/base/cause_codes.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

using namespace gatehouse;

TEST_CASE("every cause code says what it means, what to do, and who does it") {
    const auto all = all_cause_codes();
    REQUIRE(all.size() > 100);
    const std::string_view acting[] = {"team", "admin", "operator", "member", "nobody"};
    for (const CauseCode& entry : all) {
        INFO(entry.code);
        CHECK(entry.code.size() == 7);
        CHECK_FALSE(entry.title.empty());
        CHECK_FALSE(entry.title.ends_with('.'));
        CHECK(entry.meaning.ends_with('.'));
        CHECK(entry.action.ends_with('.'));
        const auto who = entry.who.substr(0, entry.who.find(':'));
        CHECK(std::find(std::begin(acting), std::end(acting), who) != std::end(acting));
    }
}

TEST_CASE("cause codes are sorted and each stands once") {
    const auto all = all_cause_codes();
    const auto wrong =
        std::adjacent_find(all.begin(), all.end(), [](const CauseCode& a, const CauseCode& b) {
            return a.code >= b.code;
        });
    CHECK(wrong == all.end());
    for (const CauseCode& entry : all) {
        CHECK(find_cause_code(entry.code) == &entry);
    }
}

TEST_CASE("a cause code is found in any case and without its prefix, another is not") {
    REQUIRE(find_cause_code("GH-P303") != nullptr);
    CHECK(find_cause_code("gh-p303") == find_cause_code("GH-P303"));
    CHECK(find_cause_code("P303") == find_cause_code("GH-P303"));
    CHECK(find_cause_code("p303")->title == "out of memory at its own limit");
    CHECK(find_cause_code("GH-P999") == nullptr);
    CHECK(find_cause_code("") == nullptr);
    CHECK(find_cause_code("GH-P3030") == nullptr);
    CHECK(find_cause_code(std::string(1000, 'P')) == nullptr);
}
