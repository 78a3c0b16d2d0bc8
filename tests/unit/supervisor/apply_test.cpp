#include "tests/unit/supervisor/care_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

const ConnectorName mail("mail");

ConnectorSpec named(ConnectorSpec spec, const ConnectorName& name) {
    spec.name = name;
    return spec;
}

Task<CallReply> call_named(Stage& stage, ConnectorName name, std::string tool) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":")" + tool + R"(","arguments":{}})";
    call->deadline = seconds(20);
    auto calling = stage.supervisor->call(std::move(name), call);
    auto reply = co_await std::move(calling);
    co_return reply;
}

Task<void> untouched_scene(Stage& stage) {
    auto& care = static_cast<CareStage&>(stage);
    auto first = call_named(stage, notes, "pid");
    const CallReply before = co_await std::move(first);
    auto other = call_named(stage, mail, "pid");
    const CallReply mail_before = co_await std::move(other);
    const int mail_pid = stage.supervisor->status(mail)->jail_pid;
    REQUIRE(alive(mail_pid));

    ConnectorSpec added = named(care.cared(), ConnectorName("added"));
    added.instances.min = 1;
    std::vector<ConnectorSpec> wanted = {care.cared(), added};
    auto applying = stage.supervisor->apply(std::move(wanted));
    const ApplyReport report = co_await std::move(applying);
    CHECK(report.unchanged == std::vector<ConnectorName>{notes});
    CHECK(report.removed == std::vector<ConnectorName>{mail});
    CHECK(report.added == std::vector<ConnectorName>{ConnectorName("added")});
    CHECK(report.changed.empty());
    CHECK_FALSE(alive(mail_pid));
    CHECK_FALSE(stage.supervisor->contains(mail));
    auto gone = call_named(stage, mail, "pid");
    const CallReply refused = co_await std::move(gone);
    CHECK(refused.failure.code == "GH-N404");
    auto again = call_named(stage, notes, "pid");
    const CallReply after = co_await std::move(again);
    CHECK(after.instance == before.instance);
    auto waking = stage.supervisor->wake(ConnectorName("added"));
    const auto woken = co_await std::move(waking);
    CHECK(woken.has_value());
    CHECK(stage.status().lifecycle == "ready");
    CHECK(mail_before.end == CallEnd::result);
}

Task<void> changed_scene(Stage& stage) {
    auto& care = static_cast<CareStage&>(stage);
    auto first = call_named(stage, notes, "pid");
    const CallReply before = co_await std::move(first);
    const int pid = stage.status().jail_pid;
    const std::string revision = stage.status().revision;
    CHECK(revision.size() == 8);

    CallReply in_flight;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("call", call_into(stage, "spin", in_flight));
    asio::steady_timer timer(stage.loop, milliseconds(200));
    co_await timer.async_wait(asio::use_awaitable);
    ConnectorSpec changed = care.cared("other");
    changed.title = "Changed";
    std::vector<ConnectorSpec> wanted = {changed};
    auto applying = stage.supervisor->apply(std::move(wanted));
    const ApplyReport report = co_await std::move(applying);
    CHECK(report.changed == std::vector<ConnectorName>{notes});
    CHECK(stage.status().title == "Changed");
    CHECK(stage.supervisor->known_catalogue(notes) != nullptr);
    // It waits until the old instance has ended, which drains its call.
    auto again = call_named(stage, notes, "pid");
    const CallReply after = co_await std::move(again);
    CHECK(after.end == CallEnd::result);
    CHECK(after.instance > before.instance);
    CHECK_FALSE(alive(pid));
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(in_flight.end == CallEnd::result);
    CHECK(in_flight.instance == before.instance);
}

// The verb comes while the new instance may not begin yet.
Task<void> start_scene(Stage& stage) {
    auto& care = static_cast<CareStage&>(stage);
    auto first = call_named(stage, notes, "pid");
    const CallReply before = co_await std::move(first);
    CallReply in_flight;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("call", call_into(stage, "spin", in_flight));
    asio::steady_timer timer(stage.loop, milliseconds(200));
    co_await timer.async_wait(asio::use_awaitable);
    std::vector<ConnectorSpec> wanted = {care.cared("other")};
    auto applying = stage.supervisor->apply(std::move(wanted));
    co_await std::move(applying);
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    CHECK(started.has_value());
    CHECK(stage.status().lifecycle == "ready");
    CHECK(stage.status().instance > before.instance);
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(in_flight.end == CallEnd::result);
}

Task<void> hasty_scene(Stage& stage) {
    auto& care = static_cast<CareStage&>(stage);
    auto first = call_named(stage, notes, "pid");
    const CallReply before = co_await std::move(first);
    CHECK(before.end == CallEnd::result);
    for (int round = 0; round < 5; ++round) {
        std::vector<ConnectorSpec> wanted = {care.cared("round " + std::to_string(round))};
        auto applying = stage.supervisor->apply(std::move(wanted));
        const ApplyReport report = co_await std::move(applying);
        CHECK(report.changed.size() == 1);
    }
    auto again = call_named(stage, notes, "pid");
    const CallReply after = co_await std::move(again);
    CHECK(after.end == CallEnd::result);
    std::vector<ConnectorSpec> none;
    auto emptying = stage.supervisor->apply(std::move(none));
    const ApplyReport report = co_await std::move(emptying);
    CHECK(report.removed.size() == 1);
    std::vector<ConnectorSpec> back = {care.cared()};
    auto returning = stage.supervisor->apply(std::move(back));
    co_await std::move(returning);
    auto last = call_named(stage, notes, "pid");
    const CallReply returned = co_await std::move(last);
    CHECK(returned.end == CallEnd::result);
}

Task<void> misconfigured_scene(Stage& stage) {
    auto& care = static_cast<CareStage&>(stage);
    auto calling = call_tool(stage, "pid");
    const CallReply refused = co_await std::move(calling);
    CHECK(refused.failure.code == "GH-P305");
    CHECK(stage.status().health == "misconfigured");
    std::filesystem::rename(stage.folder / "code" / "care.py", stage.folder / "code" / "program");
    ::chmod((stage.folder / "code" / "program").c_str(), 0755);
    ConnectorSpec same = care.cared();
    same.command = {"./program"};
    std::vector<ConnectorSpec> wanted = {same};
    auto applying = stage.supervisor->apply(std::move(wanted));
    const ApplyReport report = co_await std::move(applying);
    CHECK(report.unchanged.size() == 1);
    auto waiting = until_health(stage, "idle");
    co_await std::move(waiting);
}

Task<void> describe_scene(Stage& stage) {
    auto crashing = call_tool(stage, "crash");
    co_await std::move(crashing);
    Condition again = [](const ConnectorStatus& status) {
        return status.lifecycle == "ready" && status.restarts_total > 0;
    };
    auto waiting = eventually(stage, std::move(again));
    co_await std::move(waiting);
    const auto detail = stage.supervisor->describe(notes);
    REQUIRE(detail.has_value());
    CHECK(detail->status.name == notes);
    CHECK(detail->instances.size() == 1);
    CHECK(detail->crashes.size() == 1);
    CHECK(detail->spec.command.size() == 3);
    CHECK(detail->status.evidence.connector == "notes");
    CHECK(detail->status.evidence.revision == detail->status.revision);
    CHECK(detail->status.evidence.restarts_total == 1);
    CHECK(detail->status.log_cursor > 0);
    CHECK(has_line(detail->status.evidence.last_lines, "called crash"));
    CHECK_FALSE(stage.supervisor->describe(mail).has_value());
}

} // namespace

TEST_CASE("a reload touches only what changed") {
    CareStage stage;
    stage.play({stage.cared(), named(stage.cared(), mail)}, untouched_scene);
    CHECK(stage.events(EventKind::config) == std::vector<std::string>{"removed", "added"});
}

TEST_CASE("a changed connector drains its calls, and the next ones wait for its successor") {
    CareStage stage;
    stage.play({stage.cared()}, changed_scene);
    CHECK(stage.crashes().empty());
}

TEST_CASE("a start while the instance of the older manifest still drains is not lost") {
    CareStage stage;
    stage.play({stage.cared()}, start_scene);
}

TEST_CASE("changes that come faster than instances end follow each other") {
    CareStage stage;
    stage.play({stage.cared()}, hasty_scene);
}

TEST_CASE("a reload lets a misconfigured connector try again, though its manifest is the same") {
    CareStage stage;
    ConnectorSpec made = stage.cared();
    made.command = {"./program"};
    stage.play({made}, misconfigured_scene);
}

TEST_CASE("describe shows the instances, the crashes and the manifest of a connector") {
    CareStage stage;
    stage.play({stage.cared()}, describe_scene);
}
