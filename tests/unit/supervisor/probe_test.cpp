#include "tests/unit/supervisor/care_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

ConnectorSpec probed(const CareStage& stage) {
    ConnectorSpec made = stage.cared();
    // Long enough for one that is well on a machine with much else to do.
    made.health.liveness = {milliseconds(100), milliseconds(1000), 3};
    return made;
}

Task<void> wedge_scene(Stage& stage) {
    auto starting = call_tool(stage, "pid");
    const CallReply first = co_await std::move(starting);
    REQUIRE(first.end == CallEnd::result);
    auto calling = call_tool(stage, "freeze");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::may_have_run);
    CHECK(reply.failure.code == "GH-P307");
    Condition again = [&](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.instance > first.instance;
    };
    auto waiting = eventually(stage, std::move(again));
    co_await std::move(waiting);
}

Task<void> busy_scene(Stage& stage) {
    CallReply reply;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("call", call_into(stage, "spin", reply));
    Condition busy = [](const ConnectorStatus& status) {
        return status.health == "degraded" && has_condition(status, "busy");
    };
    auto waiting = eventually(stage, std::move(busy));
    co_await std::move(waiting);
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(reply.end == CallEnd::result);
    CHECK(stage.status().restarts_total == 0);
}

Task<void> deep_scene(Stage& stage) {
    auto waking = stage.supervisor->wake(notes);
    const auto woken = co_await std::move(waking);
    REQUIRE(woken.has_value());
    const InstanceId instance = stage.status().instance;
    auto waiting = until_health(stage, "downstream_outage");
    co_await std::move(waiting);
    CHECK(stage.status().instance == instance);
    CHECK(stage.status().restarts_total == 0);
    CHECK(stage.status().calls_total == 0);
    auto mending = call_tool(stage, "well");
    co_await std::move(mending);
    auto well = until_health(stage, "healthy");
    co_await std::move(well);
}

Task<void> catalogue_scene(Stage& stage) {
    auto calling = call_tool(stage, "grow");
    co_await std::move(calling);
    const int before = stage.status().tool_count;
    Condition grown = [before](const ConnectorStatus& status) {
        return status.tool_count == before + 1;
    };
    auto waiting = eventually(stage, std::move(grown));
    co_await std::move(waiting);
}

Task<void> steady_scene(Stage& stage) {
    auto waking = stage.supervisor->wake(notes);
    const auto woken = co_await std::move(waking);
    CHECK(woken.has_value());
    asio::steady_timer timer(stage.loop, milliseconds(700));
    co_await timer.async_wait(asio::use_awaitable);
    CHECK(stage.status().health == "healthy");
    CHECK(stage.log_lines(LogStream::probe).empty());
}

} // namespace

TEST_CASE("a wedged connector is killed after its probes, its call hears that it may have run") {
    CareStage stage;
    stage.play({probed(stage)}, wedge_scene);
    const auto probes = stage.log_lines(LogStream::probe);
    CHECK(has_line(probes, "liveness: failing"));
    CHECK(has_line(probes, "liveness: dead"));
    REQUIRE(stage.crashes().size() == 1);
    const CrashRecord crash = stage.crashes().front();
    CHECK(crash.cause.code == "GH-P307");
    REQUIRE(crash.calls.size() == 1);
    CHECK(crash.calls[0].target == "freeze");
    CHECK(crash.calls[0].told == "may_have_run");
    CHECK(has_line(crash.last_lines, "called freeze"));
}

TEST_CASE("a busy connector is degraded, not killed, and its call ends well") {
    CareStage stage;
    ConnectorSpec made = probed(stage);
    made.health.liveness.timeout = milliseconds(250);
    stage.play({made}, busy_scene);
    CHECK(has_line(stage.log_lines(LogStream::probe), "liveness: busy"));
    CHECK(stage.crashes().empty());
}

TEST_CASE("a deep probe that fails shows an outage and never restarts the connector") {
    CareStage stage;
    ConnectorSpec made = stage.cared();
    made.health.deep.tool = "outage";
    made.health.deep.period = milliseconds(100);
    made.health.deep.timeout = milliseconds(2000);
    stage.play({made}, deep_scene);
    CHECK(has_line(stage.log_lines(LogStream::probe), "deep probe: works again"));
}

TEST_CASE("a list that changed without a word is read again in time") {
    CareStage stage;
    ConnectorSpec made = stage.cared();
    made.health.catalogue_period = milliseconds(200);
    stage.play({made}, catalogue_scene);
    CHECK(stage.events(EventKind::catalogue).size() == 2);
}

TEST_CASE("probes that are answered leave no record") {
    CareStage stage;
    stage.play({probed(stage)}, steady_scene);
}
