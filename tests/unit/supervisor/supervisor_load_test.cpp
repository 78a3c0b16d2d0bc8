#include "tests/unit/supervisor/stage.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

Task<void> drain_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    REQUIRE(started.has_value());
    CallReply reply;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("slow call", call_into(stage, "slow", reply));
    Condition sent = [](const ConnectorStatus& status) { return status.in_flight == 1; };
    auto sending = eventually(stage, sent);
    co_await std::move(sending);
    auto restarting = stage.supervisor->restart(notes);
    const auto restarted = co_await std::move(restarting);
    CHECK(restarted.has_value());
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(reply.end == CallEnd::result);
    CHECK(stage.status().instance.value == 2);
    CHECK(stage.status().health == "healthy");
}

Task<void> retry_scene(Stage& stage) {
    CallReply lost;
    CallReply retried;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("first", call_into(stage, "crash", lost));
    group.spawn("second", call_into(stage, "echo", retried));
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(lost.end == CallEnd::may_have_run);
    CHECK(retried.end == CallEnd::result);
    CHECK(retried.instance.value == 2);
}

Task<void> backoff_scene(Stage& stage) {
    auto crashing = call_tool(stage, "crash");
    const CallReply lost = co_await std::move(crashing);
    CHECK(lost.end == CallEnd::may_have_run);
    auto down = until_health(stage, "unhealthy");
    co_await std::move(down);
    CHECK(stage.status().lifecycle == "backoff");
    CHECK(stage.status().next_attempt_at.has_value());
    auto calling = call_tool(stage, "echo");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-P301");
    REQUIRE(refused.retry_after.has_value());
    CHECK(*refused.retry_after > seconds(30));
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    CHECK(started.has_value());
    auto crashing_again = call_tool(stage, "crash");
    const CallReply lost_again = co_await std::move(crashing_again);
    CHECK(lost_again.end == CallEnd::may_have_run);
}

Task<void> grow_scene(Stage& stage) {
    auto calling = call_tool(stage, "grow");
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::result);
    Condition grown = [](const ConnectorStatus& status) { return status.tool_count == 6; };
    auto growing = eventually(stage, grown);
    co_await std::move(growing);
    CHECK(stage.status().health == "healthy");
}

Task<void> flood_scene(Stage& stage) {
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    CHECK(started.has_value());
    Condition counted = [](const ConnectorStatus& status) { return status.log_lines_dropped > 0; };
    auto counting = eventually(stage, counted);
    co_await std::move(counting);
    CHECK(stage.status().health == "degraded");
    CHECK(stage.status().cause->code == "GH-L801");
}

Task<void> cancel_scene(Stage& stage) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":"echo","arguments":{}})";
    asio::steady_timer timer(stage.loop, milliseconds(100));
    timer.async_wait([call](const boost::system::error_code&) { call->cancel("the client left"); });
    const auto begin = std::chrono::steady_clock::now();
    auto calling = stage.supervisor->call(notes, call);
    const CallReply reply = co_await std::move(calling);
    CHECK(reply.end == CallEnd::cancelled);
    CHECK(std::chrono::steady_clock::now() - begin < seconds(5));
    CHECK(stage.status().health == "starting");
}

Task<void> storm_scene(Stage& stage) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    asio::steady_timer timer(stage.loop);
    std::size_t ready = 0;
    std::size_t most_starting = 0;
    while (ready < 12) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        ready = 0;
        std::size_t starting = 0;
        for (const auto& status : stage.supervisor->statuses()) {
            ready += status.lifecycle == "ready" ? 1 : 0;
            starting += status.lifecycle == "handshake" || status.lifecycle == "spawning" ? 1 : 0;
        }
        most_starting = std::max(most_starting, starting);
        timer.expires_after(milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
    }
    CHECK(most_starting <= 5);
    CHECK(most_starting > 1);
}

} // namespace

TEST_CASE("a restart lets the call in flight finish and ends with a new ready instance") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.instances.min = 1;
    stage.play({spec}, drain_scene);
}

TEST_CASE("a queued call that never left goes to the next instance by itself") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.concurrency = 1;
    stage.play({spec}, retry_scene);
}

TEST_CASE("in backoff calls are refused with the cause and when to retry, a start ends it") {
    Stage stage;
    ConnectorSpec spec = stage.spec();
    spec.restart.initial = seconds(60);
    spec.restart.max = seconds(60);
    stage.play({spec}, backoff_scene);
}

TEST_CASE("changed tools are read again and the connector's log messages are kept") {
    Stage stage;
    stage.play({stage.spec()}, grow_scene);
    CHECK(has_line(stage.log_lines(LogStream::mcp), "growing"));
    CHECK(has_line(stage.log_lines(LogStream::supervisor), "its tools changed: 6 now"));
}

TEST_CASE("a flood on stderr never blocks the connector: what is too much is dropped and told") {
    Stage stage;
    stage.play({stage.spec("flood")}, flood_scene);
}

TEST_CASE("a call cancelled while its connector starts ends at once, and shutdown ends the start") {
    Stage stage;
    stage.play({stage.spec("silent")}, cancel_scene);
}

TEST_CASE("a storm of starts takes at most five at a time and starts all") {
    Stage stage;
    std::vector<ConnectorSpec> specs;
    for (int index = 0; index < 12; ++index) {
        specs.push_back(stage.spec());
        specs.back().name = ConnectorName("c" + std::to_string(index));
        specs.back().instances.min = 1;
    }
    stage.play(specs, storm_scene);
}
