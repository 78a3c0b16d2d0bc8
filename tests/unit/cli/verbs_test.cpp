#include "gateway/cli/cli.hpp"
#include "gateway/cli/completion.hpp"
#include "gateway/cli/follow_loop.hpp"
#include "gateway/cli/time_text.hpp"
#include "runtime/base/cause_codes.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

struct VerbRun {
    int code = -1;
    std::string out;
    std::string err;
};

VerbRun run_verb(std::vector<const char*> words) {
    words.insert(words.begin(), "gatehouse");
    std::ostringstream out;
    std::ostringstream err;
    const DaemonRunner runner = [](const std::filesystem::path&) { return 42; };
    const int code = run_cli(static_cast<int>(words.size()), words.data(), {runner, out, err});
    return {code, out.str(), err.str()};
}

} // namespace

TEST_CASE("verbs that need a daemon end with 8 without one, and print nothing as data") {
    const std::vector<std::vector<const char*>> verbs{{"describe", "a"},
                                                      {"events"},
                                                      {"events", "-f"},
                                                      {"top"},
                                                      {"tools", "a"},
                                                      {"call", "a", "b"},
                                                      {"wake", "a"},
                                                      {"reload"},
                                                      {"stop", "a"},
                                                      {"start", "a"},
                                                      {"logs", "a", "--since", "10m"},
                                                      {"ls", "-o", "json"},
                                                      {"ls", "-o", "yaml"}};
    for (auto words : verbs) {
        words.insert(words.end(), {"--socket", "/nonexistent/admin.sock"});
        const VerbRun run = run_verb(words);
        INFO(words[0]);
        CHECK(run.code == 8);
        CHECK(run.out.empty());
        CHECK(run.err.find("GH-N503") != std::string::npos);
    }
}

TEST_CASE("the doctor says that no daemon answers, and ends with 1") {
    const VerbRun run = run_verb({"doctor", "--socket", "/nonexistent/admin.sock"});
    CHECK(run.code == 1);
    CHECK(run.out.find("GH-N503") != std::string::npos);
    CHECK(run.out.find("--socket PATH") != std::string::npos); // the whole of what to do
    const VerbRun json = run_verb({"doctor", "--socket", "/nonexistent/admin.sock", "-o", "json"});
    CHECK(parse_json(json.out).value()["ok"] == false);
}

TEST_CASE("wrong arguments of the verbs end with 2") {
    const std::vector<std::vector<const char*>> wrong{
        {"describe"},
        {"events", "-n", "0"},
        {"top", "--sort", "luck"},
        {"call", "a"},
        {"call", "a", "b", "--json", "[1]"},
        {"call", "a", "b", "--json", "{"},
        {"call", "a", "b", "--json", "@/nonexistent/file"},
        {"completion"},
        {"completion", "tcsh"},
        {"logs", "a", "--since", "yesterday"},
        {"logs", "a", "--since", "1m", "--until", "2h"},
        {"logs", "a", "-f", "--previous"},
        {"logs", "a", "-f", "--until", "1m"},
        {"events", "--since", "x"}};
    for (auto words : wrong) {
        words.insert(words.end(), {"--socket", "/nonexistent/admin.sock"});
        const VerbRun run = run_verb(words);
        INFO(words[0] << " " << (words.size() > 1 ? words[1] : ""));
        CHECK(run.code == 2);
        CHECK(run.out.empty());
        CHECK(run.err.find("error:") != std::string::npos);
    }
}

TEST_CASE("a time is a while ago, or RFC 3339 in any zone") {
    const WallTime now = ManualClock().wall_now();
    CHECK(parse_time_argument("10m", now).value() == now - std::chrono::minutes(10));
    const WallTime eight = parse_rfc3339("2026-11-25T08:00:00Z").value();
    CHECK(parse_time_argument("2026-11-25T08:00:00Z", now).value() == eight);
    CHECK(parse_time_argument("2026-11-25T09:00:00+01:00", now).value() == eight);
    CHECK(parse_time_argument("2026-11-25T02:30:00.000-05:30", now).value() == eight);
    for (const char* bad : {"", "10", "now", "2026-11-25", "2026-11-25T08:00:00+1:00",
                            "2026-11-25T08:00:00+25:00", "2026-11-25T08:00:00"}) {
        CHECK_FALSE(parse_time_argument(bad, now));
    }
}

TEST_CASE("a time further away than the clock counts hides nothing, or is refused") {
    const WallTime now = ManualClock().wall_now();
    for (const char* long_ago : {"130000d", "213503d", "400000d", "99999999d"}) {
        INFO(long_ago);
        CHECK(parse_time_argument(long_ago, now).value() == WallTime());
    }
    for (const char* bad :
         {"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59+01:00"}) {
        INFO(bad);
        CHECK_FALSE(parse_time_argument(bad, now));
    }
}

TEST_CASE("explain works without a daemon, in every format, and names near codes for a typo") {
    REQUIRE_FALSE(all_cause_codes().empty());
    const VerbRun entry = run_verb({"explain", "gh-p303"});
    CHECK(entry.code == 0);
    CHECK(entry.out.starts_with("GH-P303  "));
    CHECK(entry.out.find("what to do") != std::string::npos);
    CHECK(run_verb({"explain", "P303", "-o", "name"}).out == "GH-P303\n");
    CHECK(parse_json(run_verb({"explain", "GH-P303", "-o", "json"}).out).value()["code"] ==
          "GH-P303");
    CHECK(run_verb({"explain", "GH-P303", "-o", "yaml"}).out.starts_with("code: GH-P303\n"));
    const VerbRun typo = run_verb({"explain", "GH-P333"});
    CHECK(typo.code == 5);
    CHECK(typo.err.find("GH-P303") != std::string::npos);
    CHECK(run_verb({"explain"}).out.find("GH-P303") != std::string::npos);
}

TEST_CASE("the waits between attempts to come back grow and are bounded") {
    CHECK(follow_retry_wait(0) == std::chrono::milliseconds(100));
    CHECK(follow_retry_wait(1) == std::chrono::milliseconds(200));
    CHECK(follow_retry_wait(1'000'000) == std::chrono::milliseconds(2'000));
}

TEST_CASE("completion scripts know every verb and option, and are what the shell can read") {
    for (const char* shell : {"bash", "zsh", "fish"}) {
        const VerbRun run = run_verb({"completion", shell});
        CHECK(run.code == 0);
        for (const char* word : {"describe", "explain", "completion", "secret", "follow", "since",
                                 "ls -o name", "previous"}) {
            INFO(shell << " " << word);
            CHECK(run.out.find(word) != std::string::npos);
        }
    }
    std::string file = "/tmp/gh-completion-XXXXXX";
    const int fd = ::mkstemp(file.data());
    REQUIRE(fd >= 0);
    ::close(fd);
    std::ofstream(file) << run_verb({"completion", "bash"}).out;
    const std::string complete =
        "source " + file +
        "; gatehouse() { printf \"alpha\\nbeta\\n\"; }; command() { shift; "
        "gatehouse; }; try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _gatehouse; "
        "echo \"${COMPREPLY[@]}\"; }; ";
    const auto completes = [&](const std::string& words, const std::string& expected) {
        const std::string script =
            "bash -c '" + complete + "[ \"$(try " + words + ")\" = \"" + expected + "\" ]'";
        INFO(script);
        // A quoted empty word stands as "" inside of the single quotes.
        CHECK(std::system(script.c_str()) == 0);
    };
    completes("gatehouse des", "describe");
    completes("gatehouse logs al", "alpha");
    completes("gatehouse --config x.yaml logs \"\"", "alpha beta");
    completes("gatehouse logs --prev", "--previous");
    completes("gatehouse secret s", "set");
    completes("gatehouse ls -o y", "yaml");
    completes("gatehouse top --sort m", "mem");
    ::unlink(file.c_str());
}

TEST_CASE("each refusal has the exit code that scripts rely on") {
    const auto code = [](const char* text) { return exit_code_of(Error{text, "", "", "", ""}); };
    CHECK(code("GH-N400") == ExitCode::usage);
    CHECK(code("GH-N406") == ExitCode::denied);
    CHECK(code("GH-Z001") == ExitCode::denied);
    CHECK(code("GH-A101") == ExitCode::sign_in_needed);
    CHECK(code("GH-N409") == ExitCode::conflict);
    CHECK(static_cast<int>(ExitCode::sign_in_needed) == 4);
    CHECK(static_cast<int>(ExitCode::denied) == 6);
}
