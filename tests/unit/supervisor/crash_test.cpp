#include "tests/unit/supervisor/care_stage.hpp"

#include "runtime/supervisor/exit_class.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

Task<void> crash_scene(Stage& stage) {
    auto calling = call_tool(stage, "crash");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::may_have_run);
    Condition again = [](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.restarts_total > 0;
    };
    auto waiting = eventually(stage, std::move(again));
    co_await std::move(waiting);
    REQUIRE(stage.status().evidence.exit.has_value());
    CHECK(stage.status().evidence.exit->code == 3);
}

Task<void> repeat_scene(Stage& stage) {
    for (const char* const tool : {"read_crash", "again_crash"}) {
        auto calling = call_tool(stage, tool);
        const CallReply reply = co_await std::move(calling);
        INFO(tool << " " << to_text(reply.failure));
        CHECK(reply.end == CallEnd::result);
    }
    CHECK(stage.status().calls_failed == 0);
}

Task<void> impatient_scene(Stage& stage) {
    auto starting = call_tool(stage, "pid");
    co_await std::move(starting);
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":"read_crash","arguments":{}})";
    call->deadline = milliseconds(900);
    const auto began = std::chrono::steady_clock::now();
    auto calling = stage.supervisor->call(notes, call);
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::never_sent);
    CHECK(reply.failure.code == "GH-P301");
    CHECK(std::chrono::steady_clock::now() - began < seconds(5));
}

Task<void> quarantine_scene(Stage& stage) {
    for (int violation = 0; violation < violations_max_count; ++violation) {
        Condition up = [](const ConnectorStatus& status) {
            return status.lifecycle == "ready" || status.lifecycle == "idle";
        };
        auto waiting = eventually(stage, std::move(up));
        co_await std::move(waiting);
        auto calling = call_tool(stage, "forbidden");
        const CallReply reply = co_await std::move(calling);
        CHECK(reply.end == CallEnd::may_have_run);
        CHECK(reply.failure.code == "GH-S604");
        Condition down = [](const ConnectorStatus& status) { return status.lifecycle != "ready"; };
        auto falling = eventually(stage, std::move(down));
        co_await std::move(falling);
    }
    auto locked = until_health(stage, "quarantined");
    co_await std::move(locked);
    CHECK(stage.status().lifecycle == "quarantined");
    auto calling = call_tool(stage, "pid");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.failure.code == "GH-S604");
    CHECK(stage.status().lifecycle == "quarantined");
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    CHECK(started.has_value());
    CHECK(stage.status().health != "quarantined");
}

Task<void> segv_scene(Stage& stage) {
    const auto began = std::chrono::steady_clock::now();
    auto calling = call_tool(stage, "segv");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::may_have_run);
    CHECK(reply.failure.code == "GH-P302");
    CHECK(reply.failure.what.find("may have run") != std::string::npos);
    CHECK(reply.failure.why.find("SIGSEGV") != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - began < seconds(10));
}

Task<void> endless_scene(Stage& stage) {
    auto calling = call_tool(stage, "endless");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::may_have_run);
    CHECK(reply.failure.code == "GH-M402");
    Condition again = [](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.restarts_total > 0;
    };
    auto waiting = eventually(stage, std::move(again));
    co_await std::move(waiting);
}

Task<void> killed_on_probe_scene(Stage& stage) {
    auto calling = call_tool(stage, "pid");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-P308");
    Condition again = [](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.restarts_total == 1;
    };
    auto waiting = eventually(stage, std::move(again));
    co_await std::move(waiting);
}

Task<void> ends_on_probe_scene(Stage& stage) {
    auto calling = call_tool(stage, "pid");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
    CHECK(stage.status().restarts_total == 0);
}

Task<void> kill_scene(Stage& stage) {
    auto calling = call_tool(stage, "kill");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.failure.code == "GH-P308");
    Condition again = [](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.restarts_total > 0;
    };
    auto waiting = eventually(stage, std::move(again));
    co_await std::move(waiting);
}

Task<void> warm_scene(Stage& stage) {
    auto calling = call_tool(stage, "pid");
    const CallReply first = co_await std::move(calling);
    asio::steady_timer timer(stage.loop, milliseconds(600));
    co_await timer.async_wait(asio::use_awaitable);
    CHECK(stage.status().lifecycle == "ready");
    auto leaving = call_tool(stage, "leave");
    co_await std::move(leaving);
    Condition again = [&](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.instance > first.instance;
    };
    auto waiting = eventually(stage, std::move(again));
    co_await std::move(waiting);
}

Task<void> stop_scene(Stage& stage) {
    auto stopping = stage.supervisor->stop_connector(notes);
    const auto stopped = co_await std::move(stopping);
    CHECK(stopped.has_value());
}

Task<void> still_stopped_scene(Stage& stage) {
    auto waiting = until_health(stage, "stopped");
    co_await std::move(waiting);
    auto calling = call_tool(stage, "pid");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.failure.code == "GH-P311");
    auto waking = stage.supervisor->wake(notes);
    const auto woken = co_await std::move(waking);
    REQUIRE_FALSE(woken.has_value());
    CHECK(woken.error().code == "GH-P311");
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    CHECK(started.has_value());
}

Task<void> started_again_scene(Stage& stage) {
    auto calling = call_tool(stage, "pid");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
}

} // namespace

TEST_CASE("a crash leaves a record with its exit, its last lines and what its call was told") {
    CareStage stage;
    stage.play({stage.cared()}, crash_scene);
    REQUIRE(stage.crashes().size() == 1);
    const CrashRecord crash = stage.crashes().front();
    CHECK(crash.cause.code == "GH-P301");
    CHECK(crash.exit.result == "exited");
    CHECK(crash.exit.code == 3);
    REQUIRE(crash.calls.size() == 1);
    CHECK(crash.calls[0].told == "may_have_run");
    CHECK(has_line(crash.last_lines, "called crash"));
    CHECK(crash.log_cursor > 0);
    const auto lifecycle = stage.events(EventKind::lifecycle);
    CHECK(has_word(lifecycle, "ready"));
    CHECK(has_word(lifecycle, "backoff"));
    CHECK_FALSE(has_word(lifecycle, "spawning"));
    CHECK(has_line(stage.events(EventKind::exit), "exit status 3"));
    CHECK(has_word(stage.events(EventKind::health), "unhealthy"));
    CHECK_FALSE(stage.events(EventKind::restart).empty());
}

TEST_CASE("a call that only reads, or may be repeated, is repeated once after a crash") {
    CareStage stage;
    stage.play({stage.cared()}, repeat_scene);
    REQUIRE(stage.crashes().size() == 2);
    CHECK(stage.crashes()[0].calls.at(0).told == "retried");
    CHECK(stage.crashes()[1].calls.at(0).told == "retried");
}

TEST_CASE("a call is not repeated when the backoff is longer than its deadline") {
    CareStage stage;
    ConnectorSpec made = stage.cared();
    made.restart.initial = seconds(20);
    made.restart.max = seconds(20);
    stage.play({made}, impatient_scene);
}

TEST_CASE("three forbidden system calls lead to quarantine, and a start out of it") {
    CareStage stage;
    stage.play({stage.cared()}, quarantine_scene);
    CHECK(stage.crashes().size() == 3);
    CHECK(stage.crashes().front().exit.result == "seccomp");
    CHECK(has_word(stage.events(EventKind::lifecycle), "quarantined"));
}

TEST_CASE("a kill that is not ours is told as one from outside") {
    CareStage stage;
    stage.play({stage.cared()}, kill_scene);
    REQUIRE(stage.crashes().size() == 1);
    CHECK(stage.crashes().front().cause.code == "GH-P308");
}

TEST_CASE("the caller hears the cause that the record and the health have") {
    CareStage stage;
    stage.play({stage.cared()}, segv_scene);
    REQUIRE(stage.crashes().size() == 1);
    CHECK(stage.crashes().front().cause.code == "GH-P302");
    REQUIRE(stage.crashes().front().calls.size() == 1);
    CHECK(stage.crashes().front().calls[0].told == "may_have_run");
}

TEST_CASE("one that writes a line without an end is started again, with that cause") {
    CareStage stage;
    stage.options.frame_max_bytes = 64 << 10;
    stage.play({stage.cared()}, endless_scene);
    REQUIRE(stage.crashes().size() == 1);
    CHECK(stage.crashes().front().cause.code == "GH-M402");
}

TEST_CASE("a kill from outside while the era is asked for is a failure, and no sign of an era") {
    CareStage stage;
    stage.play({stage.cared("probe_kill")}, killed_on_probe_scene);
    REQUIRE(stage.crashes().size() == 1);
    CHECK(stage.crashes().front().cause.code == "GH-P308");
}

TEST_CASE("an exit when the era is asked for is no failure") {
    CareStage stage;
    stage.play({stage.cared("probe_exit")}, ends_on_probe_scene);
    CHECK(stage.crashes().empty());
}

TEST_CASE("one that is kept warm does not fall asleep, and comes back after an exit 0") {
    CareStage stage;
    ConnectorSpec made = stage.cared();
    made.instances.idle_after = milliseconds(100);
    made.instances.keep_warm = keep_warm_always;
    stage.play({made}, warm_scene);
}

TEST_CASE("a stop outlives the daemon until a start takes it back") {
    CareStage stage;
    stage.play({stage.cared()}, stop_scene);
    stage.play({stage.cared()}, still_stopped_scene);
    stage.play({stage.cared()}, started_again_scene);
    CHECK(has_word(stage.events(EventKind::verb), "stop"));
    CHECK(has_word(stage.events(EventKind::verb), "start"));
}

TEST_CASE("the number of an instance is not used again by the next daemon") {
    CareStage stage;
    stage.play({stage.cared()}, crash_scene);
    const auto first = stage.crashes().front().instance;
    stage.play({stage.cared()}, crash_scene);
    CHECK(stage.crashes().front().instance > first);
    CHECK(stage.crashes().size() == 2);
}
