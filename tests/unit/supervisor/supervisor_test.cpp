#include "tests/unit/supervisor/stage.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

Task<void> on_demand_scene(Stage& stage) {
    CHECK(stage.status().health == "idle");
    CHECK(stage.status().tool_count == -1);
    CHECK(stage.supervisor->known_catalogue(notes) == nullptr);
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    REQUIRE(reply.end == CallEnd::result);
    CHECK(std::string(reply.body()).find("echo") != std::string::npos);
    CHECK(reply.instance.value == 1);
    const auto status = stage.status();
    CHECK(status.health == "healthy");
    CHECK(status.lifecycle == "ready");
    CHECK(status.tool_count == 5);
    CHECK(status.memory_bytes > 1'000'000);
    CHECK(status.calls_total == 1);
    CHECK(alive(status.jail_pid));
}

Task<void> stop_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE(started.has_value());
    const int pid = stage.status().jail_pid;
    CHECK(alive(pid));
    auto stopping = stage.supervisor->stop_connector(notes);
    const auto stopped = co_await std::move(stopping);
    REQUIRE(stopped.has_value());
    CHECK_FALSE(alive(pid));
    CHECK(stage.status().health == "stopped");
    auto calling = call_tool(stage, "echo");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-P311");
    auto again = stage.supervisor->start(notes);
    const auto started_again = co_await std::move(again);
    CHECK(started_again.has_value());
    CHECK(stage.status().health == "healthy");
}

Task<void> crash_scene(Stage& stage) {
    auto crashing = call_tool(stage, "crash");
    const CallReply lost = co_await std::move(crashing);
    CHECK(lost.end == CallEnd::may_have_run);
    Condition restarted = [](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.restarts_total == 1;
    };
    auto waiting = eventually(stage, restarted);
    co_await std::move(waiting);
    const auto status = stage.status();
    CHECK(status.health == "unhealthy"); // what is better is shown after a while
    CHECK(has_condition(status, "restarted"));
    REQUIRE(status.cause.has_value());
    CHECK(status.cause->code == "GH-P301");
    CHECK(status.last_exit.find('3') != std::string::npos);
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
    CHECK(reply.instance.value == 2);
}

Task<void> crash_loop_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::never_sent);
    CHECK(reply.failure.code == "GH-P301");
    auto looping = until_health(stage, "crash_loop");
    co_await std::move(looping);
    auto failing = until_health(stage, "failed");
    co_await std::move(failing);
    CHECK(stage.status().cause->code == "GH-P301");
    auto starting = stage.supervisor->restart(notes);
    const auto started = co_await std::move(starting);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "GH-P301");
}

Task<void> misconfigured_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "GH-P305");
    CHECK(stage.status().health == "misconfigured");
    CHECK(stage.status().jail_pid == 0);
}

Task<void> idle_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    REQUIRE(reply.end == CallEnd::result);
    const int pid = stage.status().jail_pid;
    auto sleeping = until_health(stage, "idle");
    co_await std::move(sleeping);
    CHECK_FALSE(alive(pid));
    CHECK(stage.status().tool_count == 5);
    CHECK(stage.supervisor->known_catalogue(notes)->tools.size() == 5);
    auto waking = call_tool(stage, "echo");
    const CallReply woken = co_await std::move(waking);
    CHECK(woken.end == CallEnd::result);
}

Task<void> deaf_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE(started.has_value());
    const int pid = stage.status().jail_pid;
    stage.supervisor->stop();
    auto stopping = until_health(stage, "stopped");
    co_await std::move(stopping);
    CHECK_FALSE(alive(pid));
}

Task<void> secret_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-A102");
    CHECK(refused.failure.action.find("gatehouse secret set api-key") != std::string::npos);
    CHECK(stage.status().health == "misconfigured");
    stage.credentials.values[SecretName("api-key")] = "first-secret-value";
    stage.supervisor->secret_changed(SecretName("api-key"));
    auto retrying = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(retrying);
    CHECK(reply.end == CallEnd::result);
    stage.supervisor->secret_changed(SecretName("api-key"));
    auto after = call_tool(stage, "echo");
    const CallReply fresh = co_await std::move(after);
    CHECK(fresh.end == CallEnd::result);
    CHECK(fresh.instance.value == 2);
}

Task<void> telling_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply refused = co_await std::move(calling);
    CHECK(to_text(refused.failure).find("no login with ***") != std::string::npos);
    REQUIRE(stage.status().cause.has_value());
    CHECK(to_text(*stage.status().cause).find("first-secret-value") == std::string::npos);
}

Task<void> noise_scene(Stage& stage) {
    auto calling = call_tool(stage, "echo");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
    CHECK(stage.status().stray_lines == 1);
    CHECK(stage.status().health == "degraded");
    CHECK(stage.status().cause->code == "GH-M401");
}

Task<void> leave_scene(Stage& stage) {
    auto calling = call_tool(stage, "leave");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::may_have_run);
    auto sleeping = until_health(stage, "idle");
    co_await std::move(sleeping);
    CHECK(stage.status().cause->code == "GH-P301");
}

Task<void> silent_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE_FALSE(started.has_value());
    CHECK(started.error().code == "GH-P306");
}

Task<void> unknown_scene(Stage& stage) {
    const ConnectorName nobody("nobody");
    CHECK_FALSE(stage.supervisor->contains(nobody));
    auto starting = stage.supervisor->start(nobody);
    const auto started = co_await std::move(starting);
    CHECK(started.error().code == "GH-N404");
    auto draining_call = call_tool(stage, "slow");
    const CallReply reply = co_await std::move(draining_call);
    CHECK(reply.end == CallEnd::result);
}

} // namespace

TEST_CASE("the first call starts a sleeping connector and its output is captured") {
    Stage stage;
    stage.play({stage.spec()}, on_demand_scene);
    CHECK(has_line(stage.log_lines(LogStream::standard_error), "hello from stderr"));
    const auto story = stage.log_lines(LogStream::supervisor);
    CHECK(has_line(story, "launched"));
    CHECK(has_line(story, "ready with 5 tools in"));
    CHECK(has_line(story, "stopped"));
}

TEST_CASE("stop leaves no process, calls are refused until start") {
    Stage stage;
    stage.play({stage.spec()}, stop_scene);
}

TEST_CASE("a crash fails its call as may_have_run and is restarted after a backoff") {
    Stage stage;
    stage.play({stage.spec()}, crash_scene);
    const auto story = stage.log_lines(LogStream::supervisor);
    CHECK(has_line(story, "ended with"));
    CHECK(has_line(story, "restarting in"));
}

TEST_CASE("a connector that exits at once is a crash loop, then failed") {
    Stage stage;
    ConnectorSpec spec = stage.spec("exit1");
    spec.restart.failures = 5;
    stage.play({spec}, crash_loop_scene);
}

TEST_CASE("exit 78 at once and a command that does not exist are misconfigured") {
    Stage configuration;
    configuration.play({configuration.spec("exit78")}, misconfigured_scene);
    Stage missing;
    ConnectorSpec spec = missing.spec();
    spec.command = {"/usr/bin/no-such-program"};
    missing.play({spec}, misconfigured_scene);
}

TEST_CASE("a connector without calls goes to sleep and the next call wakes it") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.instances.idle_after = milliseconds(200);
    stage.play({spec}, idle_scene);
}

TEST_CASE("a connector that ignores EOF and SIGTERM is killed at the end of the daemon") {
    Stage stage;
    stage.play({stage.spec("deaf")}, deaf_scene);
    CHECK(has_line(stage.log_lines(LogStream::supervisor), "is killed"));
}

TEST_CASE(
    "a missing secret is misconfigured, setting it heals, changing it restarts, logs mask it") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.credentials.push_back(CredentialSpec{"key", SecretName("api-key"), "TOKEN"});
    stage.play({spec}, secret_scene);
    const auto lines = stage.log_lines(LogStream::standard_error);
    CHECK(has_line(lines, "token is ***"));
    CHECK(has_line(stage.log_lines(LogStream::supervisor), "GH-S603"));
    CHECK_FALSE(has_line(lines, "first-secret-value"));
}

TEST_CASE("a connector that tells its secret when it refuses to start tells nobody") {
    Stage stage;
    stage.credentials.values[SecretName("api-key")] = "first-secret-value";
    ConnectorSpec spec = stage.spec("refused");
    spec.credentials.push_back(CredentialSpec{"key", SecretName("api-key"), "TOKEN"});
    stage.play({spec}, telling_scene);
}

TEST_CASE("stray stdout is logged, counted and degrades") {
    Stage stage;
    stage.play({stage.spec("noisy")}, noise_scene);
    CHECK(has_line(stage.log_lines(LogStream::stdout_noise), "this is no JSON"));
}

TEST_CASE("an unexpected exit 0 puts the connector to sleep with its cause") {
    Stage stage;
    stage.play({stage.spec()}, leave_scene);
}

TEST_CASE("a connector that never answers is a startup timeout") {
    Stage stage;
    ConnectorSpec spec = stage.spec("silent");
    spec.timeouts.startup = milliseconds(300);
    stage.play({spec}, silent_scene);
}

TEST_CASE("an unknown name is told as such") {
    Stage stage;
    stage.play({stage.spec()}, unknown_scene);
}
