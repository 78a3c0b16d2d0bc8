#include "gateway/cli/cli.hpp"
#include "gateway/cli/secret_input.hpp"
#include "runtime/base/unique_fd.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

struct CliRun {
    int code = -1;
    std::string out;
    std::string err;
};

CliRun run_words(std::vector<const char*> words) {
    words.insert(words.begin(), "gatehouse");
    std::ostringstream out;
    std::ostringstream err;
    const DaemonRunner runner = [](const std::filesystem::path&) { return 42; };
    const int code = run_cli(static_cast<int>(words.size()), words.data(), {runner, out, err});
    return {code, out.str(), err.str()};
}

// The reading end of a pipe that holds the bytes.
UniqueFd pipe_with(const std::string& bytes) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const UniqueFd writer(ends[1]);
    REQUIRE(::write(writer.get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
    return UniqueFd(ends[0]);
}

} // namespace

TEST_CASE("a wrong command line ends with 2 and a message on stderr only") {
    const std::vector<std::vector<const char*>> wrong{{},
                                                      {"frobnicate"},
                                                      {"ls", "--nope"},
                                                      {"logs"},
                                                      {"ls", "-o", "xml"},
                                                      {"logs", "a", "-n", "0"},
                                                      {"status", "../secrets"},
                                                      {"agent"},
                                                      {"start", "a?b"},
                                                      {"validate"}};
    for (const auto& words : wrong) {
        const CliRun run = run_words(words);
        CHECK(run.code == 2);
        CHECK(run.out.empty());
        CHECK(run.err.find("error: ") != std::string::npos);
    }
}

TEST_CASE("help and version go to stdout and end with 0") {
    const CliRun help = run_words({"--help"});
    CHECK(help.code == 0);
    CHECK(help.out.find("restart") != std::string::npos);
    const CliRun version = run_words({"version"});
    CHECK(version.code == 0);
    CHECK(version.out == std::string("gatehouse ") + GATEHOUSE_VERSION + "\n");
    CHECK(run_words({"version", "-o", "json"}).out.find("\"version\"") != std::string::npos);
}

TEST_CASE("without a daemon every verb that needs one ends with 8 and says how to start it") {
    const std::vector<std::vector<const char*>> verbs{{"ls"},
                                                      {"status"},
                                                      {"status", "notes"},
                                                      {"logs", "notes"},
                                                      {"logs", "notes", "-f"},
                                                      {"restart", "notes"},
                                                      {"agent", "list"},
                                                      {"agent", "create", "ci"},
                                                      {"secret", "list"}};
    for (auto words : verbs) {
        words.insert(words.end(), {"--socket", "/nonexistent/admin.sock"});
        const CliRun run = run_words(words);
        CHECK(run.code == 8);
        CHECK(run.out.empty());
        CHECK(run.err.find("GH-N503") != std::string::npos);
        CHECK(run.err.find("gatehouse serve") != std::string::npos);
    }
}

TEST_CASE("GATEHOUSE_SOCKET stands in for --socket") {
    ::setenv("GATEHOUSE_SOCKET", "/nonexistent/by-env.sock", 1);
    const CliRun run = run_words({"ls"});
    ::unsetenv("GATEHOUSE_SOCKET");
    CHECK(run.code == 8);
    CHECK(run.err.find("/nonexistent/by-env.sock") != std::string::npos);
}

TEST_CASE("a socket path that is too long is an answer, not an exception") {
    const std::string path = "/tmp/" + std::string(120, 'x');
    CHECK(run_words({"ls", "--socket", path.c_str()}).code == 8);
}

TEST_CASE("serve without a gateway file is a usage error; with one its code is the daemon's") {
    CHECK(run_words({"serve", "--config", "/nonexistent/gatehouse.yaml"}).code == 2);
    CHECK(run_words({"serve", "--config", "/dev/null"}).code == 42);
}

TEST_CASE("schema prints the JSON Schema of either kind of file, connectors by default") {
    for (const char* kind : {"connector", "gateway"}) {
        const auto schema = parse_json(run_words({"schema", kind}).out);
        REQUIRE(schema);
        CHECK(schema->contains("properties"));
    }
    CHECK(run_words({"schema"}).out == run_words({"schema", "connector"}).out);
    CHECK(run_words({"schema", "other"}).code == 2);
}

TEST_CASE("of a secret from a pipe exactly one trailing newline is stripped") {
    std::ostringstream prompt;
    const std::vector<std::pair<std::string, std::string>> cases{
        {"value\n", "value"}, {"value", "value"}, {"a\nb\n\n", "a\nb\n"}, {" v ", " v "}};
    for (const auto& [given, kept] : cases) {
        const UniqueFd input = pipe_with(given);
        const auto value = read_secret_value(input.get(), "key", prompt);
        REQUIRE(value);
        CHECK(value.value().equals(kept));
    }
    CHECK(prompt.str().empty());
}

TEST_CASE("an empty or too long secret is refused") {
    std::ostringstream prompt;
    for (const std::string& given : {std::string(), std::string("\n")}) {
        const UniqueFd input = pipe_with(given);
        CHECK_FALSE(read_secret_value(input.get(), "key", prompt));
    }
    const UniqueFd largest = pipe_with(std::string(secret_max_bytes, 'x'));
    CHECK(read_secret_value(largest.get(), "key", prompt));
}

TEST_CASE("each cause code has its exit code") {
    const auto code = [](const char* text) { return exit_code_of(Error{text, "", "", "", ""}); };
    CHECK(code("GH-N404") == ExitCode::not_found);
    CHECK(code("GH-A111") == ExitCode::conflict);
    CHECK(code("GH-N503") == ExitCode::unreachable);
    CHECK(code("GH-P305") == ExitCode::failed);
}

TEST_CASE("a problem answer becomes the error it describes, and anything else still an error") {
    const Error error =
        error_of_problem(404, R"({"status":404,"code":"GH-N404","what":"no such connector",
                                                  "where":"x","why":"","action":"See ls"})");
    CHECK(error.code == "GH-N404");
    CHECK(error.action == "See ls");
    CHECK(error_of_problem(500, "<html>").code == "GH-N500");
    CHECK(error_of_problem(500, "[]").what.find("500") != std::string::npos);
}
