// Launches that fail: the right step, code and advice, and nothing left behind.
#include "tests/process/sandbox_fixture.hpp"

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::testing;

namespace {

// No child of this process is left, not even a zombie.
bool nothing_is_left() {
    return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

} // namespace

TEST_CASE("a missing command is GH-P305 with ENOENT") {
    SandboxFixture fixture;
    for (const char* command : {"./missing", "missing", "/usr/bin/missing"}) {
        const Run run = fixture.run({command});
        REQUIRE(run.error);
        INFO(to_text(*run.error));
        CHECK(run.error->code == "GH-P305");
        CHECK(run.error->why == "No such file or directory (ENOENT)");
        CHECK(run.error->where == "command '" + std::string(command) + "'");
        CHECK_FALSE(run.error->action.empty());
    }
    CHECK(nothing_is_left());
}

TEST_CASE("a file that is not executable is GH-P305 with EACCES, and a script without first line "
          "ENOEXEC") {
    SandboxFixture fixture;
    write_file(fixture.code_dir() / "plain.txt", "text", 0644);
    write_file(fixture.code_dir() / "script", "echo hello\n", 0755);
    const Run denied = fixture.run({"./plain.txt"});
    REQUIRE(denied.error);
    CHECK(denied.error->code == "GH-P305");
    CHECK(denied.error->why == "Permission denied (EACCES)");
    const Run script = fixture.run({"./script"});
    REQUIRE(script.error);
    CHECK(script.error->why == "Exec format error (ENOEXEC)");
    CHECK(nothing_is_left());
}

TEST_CASE("a failed step is named, with its reason and what to do, and the connector never runs") {
    SandboxFixture fixture;
    sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "echo"});
    plan.code_dir = "/nonexistent/code";
    const Run run = fixture.run_plan(std::move(plan));
    REQUIRE(run.error);
    INFO(to_text(*run.error));
    CHECK(run.error->code == "GH-S610");
    CHECK(run.error->where == "sandbox step 'code_dir', /nonexistent/code");
    CHECK(run.error->why == "No such file or directory (ENOENT)");
    CHECK_FALSE(run.error->action.empty());
    CHECK(run.output.empty());
    CHECK(nothing_is_left());
}

TEST_CASE("a volume that is a symbolic link is refused before anything starts") {
    SandboxFixture fixture;
    const TemporaryFolder state;
    std::filesystem::create_directory_symlink("/etc", state.path() / "link");
    sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "echo"});
    plan.volumes.push_back({state.path() / "link", "link"});
    const Run run = fixture.run_plan(std::move(plan));
    REQUIRE(run.error);
    CHECK(run.error->code == "GH-S610");
    CHECK(nothing_is_left());
}

TEST_CASE("a launch past its deadline is GH-P306 and leaves nothing") {
    SandboxFixture fixture;
    std::optional<Error> error;
    struct Attempt {
        static Task<void> run(SandboxFixture& fixture, std::optional<Error>& error) {
            sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "echo"});
            auto launched =
                co_await fixture.launcher().launch(std::move(plan), std::chrono::milliseconds(0));
            if (!launched) {
                error = launched.error();
            }
        }
    };
    fixture.complete(Attempt::run(fixture, error));
    REQUIRE(error);
    CHECK(error->code == "GH-P306");
    CHECK(nothing_is_left());
}

TEST_CASE("a missing jail binary is GH-S610 when the launcher is made") {
    asio::io_context loop(1);
    const auto launcher = sandbox::Launcher::make(loop.get_executor(), "/nonexistent/jail");
    REQUIRE_FALSE(launcher);
    CHECK(launcher.error().code == "GH-S610");
}
