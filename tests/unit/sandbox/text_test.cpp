#include "sandbox/features.hpp"
#include "sandbox/launch_error.hpp"
#include "sandbox/outcome.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>

using namespace gatehouse;
using namespace gatehouse::sandbox;

TEST_CASE("every kind of end has its text") {
    Outcome outcome;
    CHECK(to_text(outcome) == "killed from outside: the jail ended without a report");
    outcome.kind = EndKind::exited;
    outcome.code = 3;
    CHECK(to_text(outcome) == "exit status 3");
    outcome.kind = EndKind::signaled;
    outcome.signal = SIGKILL;
    CHECK(to_text(outcome) == "signal SIGKILL");
    outcome.core = true;
    CHECK(to_text(outcome) == "signal SIGKILL, core dumped");
    outcome.kind = EndKind::setup_failed;
    outcome.step = "landlock";
    outcome.error_number = EPERM;
    CHECK(to_text(outcome) == "step 'landlock' failed: Operation not permitted (EPERM)");
    outcome.kind = EndKind::exec_failed;
    CHECK(to_text(outcome).find("EPERM") != std::string::npos);
}

TEST_CASE(
    "a failed launch says what to do, for each step and for those without advice of their own") {
    Outcome outcome;
    outcome.kind = EndKind::setup_failed;
    outcome.error_number = ENOSPC;
    for (const char* step :
         {"namespaces", "id_map", "root_proc", "landlock", "seccomp", "rlimits"}) {
        outcome.step = step;
        const Error error = launch_error("db", outcome, "");
        CHECK(error.code == "GH-S610");
        CHECK(error.what == "connector 'db' could not be started");
        CHECK(error.where == "sandbox step '" + std::string(step) + "'");
        CHECK_FALSE(error.action.empty());
    }
    outcome.kind = EndKind::exec_failed;
    for (const int error_number : {ENOENT, EACCES, ENOEXEC, EAGAIN, E2BIG, EIO}) {
        outcome.error_number = error_number;
        const Error error = launch_error("db", outcome, "./x");
        CHECK(error.code == "GH-P305");
        CHECK(error.where == "command './x'");
        CHECK_FALSE(error.action.empty());
    }
}

TEST_CASE("features are told one fact a line") {
    Features features;
    features.mode = Mode::ordinary_user;
    features.user_namespace_error = EPERM;
    const auto lines = feature_lines(features);
    CHECK(lines[0].rfind("sandbox: ordinary user", 0) == 0);
    CHECK(lines[1] == "user namespaces: refused, Operation not permitted (EPERM)");
    CHECK(lines[2].rfind("landlock: missing", 0) == 0);
    for (const std::string& line : feature_lines(probe_features())) {
        CHECK(line.find('\n') == std::string::npos);
    }
}
