#include "gateway/config/gateway_config.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path invalid_folder = fs::path(GH_SOURCE_DIR) / "manifests" / "invalid";

// "CODE line:column path" of each "# expect:" line at the head of the file.
std::vector<std::string> expected_issues(const fs::path& file) {
    const std::string mark = "# expect: ";
    std::vector<std::string> out;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line) && line.compare(0, mark.size(), mark) == 0;) {
        out.push_back(line.substr(mark.size()));
    }
    return out;
}

std::vector<std::string> found_issues(const fs::path& file) {
    std::vector<std::string> out;
    for (const auto& issue : gatehouse::gateway::validate_files({file})) {
        INFO(to_text(issue));
        CHECK(issue.file == file.string());
        CHECK_FALSE(issue.message.empty());
        out.push_back(issue.code + " " + std::to_string(issue.line) + ":" +
                      std::to_string(issue.column) + (issue.path.empty() ? "" : " " + issue.path));
    }
    return out;
}

TEST_CASE(
    "each broken file of manifests/invalid is refused for exactly its reason and at its place") {
    std::size_t file_count = 0;
    for (const auto& entry : fs::directory_iterator(invalid_folder)) {
        if (entry.path().extension() != ".yaml") {
            continue;
        }
        ++file_count;
        INFO(entry.path().filename().string());
        const auto expected = expected_issues(entry.path());
        CHECK_FALSE(expected.empty());
        CHECK(found_issues(entry.path()) == expected);
    }
    CHECK(file_count > 90);
}

TEST_CASE("the manifest that the broken files are made from is good") {
    CHECK(gatehouse::gateway::validate_files({invalid_folder / "good" / "notes.yaml"}).empty());
}

} // namespace
