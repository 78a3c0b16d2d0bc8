// The package json-schema-test-suite (Debian) has the drafts up to 07. Its draft7 tests run twice:
// as draft-07, and as 2020-12 where the two drafts agree. What 2020-12 adds has tests in
// json_schema_test.cpp.
#include "gateway/mcp/json_schema.hpp"
#include "runtime/base/json.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

namespace gatehouse::gateway {

namespace {

const std::filesystem::path suite_folder = "/usr/share/json-schema-test-suite/tests/draft7";

// Files that are not run, with the reason.
const std::set<std::string> skipped_files = {
    "refRemote.json",   // references to other documents; none is ever fetched
    "definitions.json", // every case refers to the metaschema on the network
};

// Cases of files that are run.
const std::set<std::string> skipped_cases = {
    "remote ref, containing refs itself", // refers to the metaschema on the network
};

// Cases in which 2020-12 differs: there what is beside $ref counts.
const std::set<std::string> draft7_only_cases = {
    "ref overrides any sibling keywords",
    "$ref prevents a sibling $id from changing the base uri",
};

struct Tally {
    int passed = 0;
    int skipped = 0;
    std::vector<std::string> failures;
};

Json read_json(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    auto parsed = parse_json(text.str(), 128);
    REQUIRE(parsed);
    return std::move(parsed).value();
}

void run_group(const Json& group, const std::string& file, Tally& tally, bool as_draft7) {
    const std::string title = group["description"].get<std::string>();
    const bool skipped =
        skipped_cases.count(title) != 0 || (!as_draft7 && draft7_only_cases.count(title) != 0);
    if (skipped) {
        ++tally.skipped;
        return;
    }
    Json schema = group["schema"];
    if (as_draft7 && schema.is_object()) {
        schema["$schema"] = "http://json-schema.org/draft-07/schema#";
    }
    auto compiled = JsonSchema::compile(dump_json(schema));
    if (!compiled) {
        tally.failures.push_back(file + ": " + title + ": " + to_text(compiled.error()));
        return;
    }
    for (const Json& test : group["tests"]) {
        const auto problem = compiled->problem(dump_json(test["data"]));
        if (problem.has_value() == test["valid"].get<bool>()) {
            tally.failures.push_back(file + ": " + title + ": " +
                                     test["description"].get<std::string>() + ": " +
                                     problem.value_or("accepted"));
        } else {
            ++tally.passed;
        }
    }
}

Tally run_suite(bool as_draft7) {
    Tally tally;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(suite_folder)) {
        if (entry.path().extension() == ".json") {
            files.push_back(entry.path());
        }
    }
    files.push_back(suite_folder / "optional" / "zeroTerminatedFloats.json");
    files.push_back(suite_folder / "optional" / "bignum.json");
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
        const std::string name = path.filename().string();
        if (skipped_files.count(name) != 0 || !std::filesystem::exists(path)) {
            ++tally.skipped;
            continue;
        }
        for (const Json& group : read_json(path)) {
            run_group(group, name, tally, as_draft7);
        }
    }
    return tally;
}

void require_all_pass(bool as_draft7) {
    if (!std::filesystem::exists(suite_folder)) {
        std::cout << "skipped: the package json-schema-test-suite is not installed\n";
        return;
    }
    const Tally tally = run_suite(as_draft7);
    std::string failures;
    for (const std::string& failure : tally.failures) {
        failures += failure + "\n";
    }
    INFO(failures);
    CHECK(tally.failures.empty());
    REQUIRE(tally.passed > 400);
    std::cout << "json-schema-test-suite " << (as_draft7 ? "as draft-07" : "as 2020-12") << ": "
              << tally.passed << " tests passed, " << tally.skipped << " files or groups skipped\n";
}

} // namespace

TEST_CASE("the published tests of draft-07 pass") {
    require_all_pass(true);
}

TEST_CASE("the published tests pass as 2020-12 where the drafts agree") {
    require_all_pass(false);
}

} // namespace gatehouse::gateway
