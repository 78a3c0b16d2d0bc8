#include "tests/unit/supervisor/scope_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

Task<void> shared_scene(Stage& stage) {
    auto a = instance_of(stage, caller("agent:a", "s1", true));
    const auto a_got = co_await std::move(a);
    CHECK(a_got == 1);
    auto b = instance_of(stage, caller("agent:b", "s2"));
    const auto b_got = co_await std::move(b);
    CHECK(b_got == 1);
    auto c = instance_of(stage, caller("agent:c"));
    const auto c_got = co_await std::move(c);
    CHECK(c_got == 1);
    CHECK(stage.status().instances_ready == 1);
    CHECK(stage.status().instances_total == 1);
    CHECK(stage.status().scope == "shared");
    CHECK(stage.status().era == "legacy");
}

// Two calls that both ask: if they were in flight together, the connector would see the second
// while it waits for the answer to the first.
Task<void> one_at_a_time(Stage& stage, std::shared_ptr<const Caller> other) {
    auto first = say_as(stage, caller("agent:a", "s1", true), "ask");
    const auto first_got = co_await std::move(first);
    CHECK(first_got == "accept alone");
    CallReply one;
    CallReply two;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("one", call_as_into(stage, caller("agent:a", "s1", true), "ask", one));
    group.spawn("two", call_as_into(stage, std::move(other), "ask", two));
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(text_of(one) == "accept alone");
    CHECK(text_of(two) == "accept alone");
    CHECK(one.instance == two.instance);
}

Task<void> exclusive_scene(Stage& stage) {
    return one_at_a_time(stage, caller("agent:b", "s2", true));
}

Task<void> auto_scene(Stage& stage) {
    auto asking = say_as(stage, caller("agent:a", "s1", true), "ask");
    const auto asking_got = co_await std::move(asking);
    CHECK(asking_got == "accept alone");
    auto own = instance_of(stage, caller("agent:a", "s1", true));
    const auto first = co_await std::move(own);
    CHECK(first == 2);
    auto again = instance_of(stage, caller("agent:a", "s1", true));
    const auto again_got = co_await std::move(again);
    CHECK(again_got == first);
    auto other = instance_of(stage, caller("agent:a", "s2", true));
    const auto other_got = co_await std::move(other);
    CHECK(other_got == 3);
    auto mute = instance_of(stage, caller("agent:a", "s3"));
    const auto mute_got = co_await std::move(mute);
    CHECK(mute_got == 1);
    auto stateless = instance_of(stage, caller("agent:a", "", true));
    const auto stateless_got = co_await std::move(stateless);
    CHECK(stateless_got == 4);
    CHECK(stage.status().instances_ready == 4);
    auto more = say_as(stage, caller("agent:a", "s2", true), "ask");
    const auto more_got = co_await std::move(more);
    CHECK(more_got == "accept alone");
}

Task<void> session_scene(Stage& stage) {
    auto one = say_as(stage, caller("agent:a", "s1", true), "caps");
    const auto one_got = co_await std::move(one);
    CHECK(one_got == R"([{"elicitation": {}}, "client of agent:a"])");
    auto two = say_as(stage, caller("agent:b", "s2"), "caps");
    const auto two_got = co_await std::move(two);
    CHECK(two_got == R"([{}, "client of agent:b"])");
    CHECK(stage.status().instances_total == 2);
    CHECK(stage.supervisor->known_catalogue(notes)->resources.empty());
    CHECK(stage.supervisor->known_catalogue(notes, *caller("agent:a", "s1"))->resources.size() ==
          1);
    CHECK(stage.supervisor->known_catalogue(notes, *caller("agent:c", "s3"))->resources.empty());
    // Another principal's session of that name is not its own.
    CHECK(stage.supervisor->known_catalogue(notes, *caller("agent:b", "s1"))->resources.empty());
    const auto calls = stage.status().calls_total;
    stage.supervisor->session_ended("s1");
    Condition one_left = [](const ConnectorStatus& status) { return status.instances_total == 1; };
    auto ending = eventually(stage, one_left);
    co_await std::move(ending);
    CHECK(stage.status().health == "healthy");
    CHECK(stage.status().calls_total == calls);
    stage.supervisor->session_ended("s2");
    Condition none_left = [](const ConnectorStatus& status) { return status.instances_total == 0; };
    auto emptying = eventually(stage, none_left);
    co_await std::move(emptying);
    CHECK(stage.status().health == "idle");
    CHECK(stage.status().memory_bytes == 0);
}

Task<void> lease_scene(Stage& stage) {
    CallReply one;
    CallReply two;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("one", call_as_into(stage, caller("agent:a"), "slow", one));
    group.spawn("two", call_as_into(stage, caller("agent:a"), "slow", two));
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(one.instance != two.instance);
    auto again = instance_of(stage, caller("agent:a"));
    const auto reused = co_await std::move(again);
    CHECK((reused == one.instance.value || reused == two.instance.value));
    auto other = instance_of(stage, caller("agent:b"));
    const auto other_got = co_await std::move(other);
    CHECK(other_got == 3);
    auto capable = instance_of(stage, caller("agent:a", "", true));
    const auto capable_got = co_await std::move(capable);
    CHECK(capable_got == 4);
    auto asking = say_as(stage, caller("agent:a", "", true), "ask");
    const auto asking_got = co_await std::move(asking);
    CHECK(asking_got == "accept alone");
    CHECK(stage.status().instances_total == 4);
}

Task<void> member_scene(Stage& stage) {
    auto first = say_as(stage, caller("agent:a", "s1"), "keep", "of a");
    const auto first_got = co_await std::move(first);
    CHECK(first_got == "nothing");
    auto second = say_as(stage, caller("agent:b"), "keep", "of b");
    const auto second_got = co_await std::move(second);
    CHECK(second_got == "nothing");
    auto third = say_as(stage, caller("agent:a"), "keep", "more");
    const auto third_got = co_await std::move(third);
    CHECK(third_got == "of a");
    CHECK(stage.status().instances_total == 2);
    const auto members = stage.folder / "state" / "notes" / "members";
    CHECK(std::filesystem::exists(members / "agent=3aa" / "state" / "kept"));
    CHECK(std::filesystem::exists(members / "agent=3ab" / "state" / "kept"));
}

Task<void> members_asked_scene(Stage& stage) {
    return one_at_a_time(stage, caller("agent:a", "s2", true));
}

Task<void> room_scene(Stage& stage) {
    auto one = instance_of(stage, caller("agent:a", "s1"));
    const auto one_got = co_await std::move(one);
    CHECK(one_got == 1);
    auto two = instance_of(stage, caller("agent:a", "s2"));
    const auto two_got = co_await std::move(two);
    CHECK(two_got == 2);
    auto refreshed = instance_of(stage, caller("agent:a", "s1"));
    const auto refreshed_got = co_await std::move(refreshed);
    CHECK(refreshed_got == 1);
    auto three = instance_of(stage, caller("agent:a", "s3"));
    const auto three_got = co_await std::move(three);
    CHECK(three_got == 3);
    CHECK(stage.status().instances_total == 2);
    // s2 was unused for the longest time: it went, s1 is still there.
    auto kept = instance_of(stage, caller("agent:a", "s1"));
    const auto kept_got = co_await std::move(kept);
    CHECK(kept_got == 1);
}

Task<void> call_with_deadline(Stage& stage, milliseconds deadline, CallReply& reply) {
    auto call = std::make_shared<ConnectorCall>();
    call->method = "tools/call";
    call->params = R"({"name":"pid","arguments":{}})";
    call->deadline = deadline;
    call->caller = caller("agent:b", "s2");
    auto calling = stage.supervisor->call(notes, call);
    reply = co_await std::move(calling);
}

Task<void> full_scene(Stage& stage) {
    auto begin = instance_of(stage, caller("agent:a", "s1"));
    const auto begin_got = co_await std::move(begin);
    CHECK(begin_got == 1);
    CallReply busy;
    CallReply refused;
    CallReply waited;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("busy", call_as_into(stage, caller("agent:a", "s1"), "slow", busy));
    group.spawn("refused", call_with_deadline(stage, milliseconds(50), refused));
    group.spawn("waits", call_with_deadline(stage, seconds(20), waited));
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(text_of(busy) == "slow");
    CHECK(refused.end == CallEnd::never_sent);
    CHECK(refused.failure.code == "GH-R707");
    CHECK(refused.failure.action.find("run.instances.max") != std::string::npos);
    CHECK(text_of(waited) == "pid");
    CHECK(waited.instance.value == 2);
}

Task<void> many_sessions_scene(Stage& stage) {
    for (int index = 0; index < 40; ++index) {
        const std::string session = "s" + std::to_string(index);
        auto calling = instance_of(stage, caller("agent:a", session));
        co_await std::move(calling);
        stage.supervisor->session_ended(session);
    }
    Condition none_left = [](const ConnectorStatus& status) { return status.instances_total == 0; };
    auto emptying = eventually(stage, none_left);
    co_await std::move(emptying);
    CHECK(stage.status().calls_total == 40);
    CHECK(stage.status().tool_count == 2);
}

Task<void> idle_seat_scene(Stage& stage) {
    auto one = instance_of(stage, caller("agent:a"));
    const auto one_got = co_await std::move(one);
    CHECK(one_got == 1);
    Condition none_left = [](const ConnectorStatus& status) { return status.instances_total == 0; };
    auto emptying = eventually(stage, none_left);
    co_await std::move(emptying);
    auto two = instance_of(stage, caller("agent:a"));
    const auto two_got = co_await std::move(two);
    CHECK(two_got == 2);
}

Task<void> probe_scene(Stage& stage) {
    CHECK(stage.supervisor->known_catalogue(notes) == nullptr);
    auto reading = stage.supervisor->catalogue(notes, seconds(20));
    const auto read = co_await std::move(reading);
    REQUIRE(read.has_value());
    CHECK((*read)->tools.size() == 2);
    CHECK((*read)->resources.empty());
    CHECK(stage.supervisor->known_catalogue(notes) == *read);
    CHECK(stage.status().instances_ready == 1);
    // Whoever calls gets an own instance all the same.
    auto calling = instance_of(stage, caller("agent:a"));
    const auto calling_got = co_await std::move(calling);
    CHECK(calling_got == 2);
}

std::size_t resources_of(Stage& stage, std::shared_ptr<const Caller> who) {
    return stage.supervisor->known_catalogue(notes, *who)->resources.size();
}

Task<void> own_lists_scene(Stage& stage) {
    auto probing = stage.supervisor->catalogue(notes, seconds(20));
    const auto probed = co_await std::move(probing);
    REQUIRE(probed.has_value());
    CHECK((*probed)->resource_templates.size() == 1);
    CHECK(resources_of(stage, caller("agent:a", "s1")) == 0);
    auto own = stage.supervisor->learn_own(notes, caller("agent:a", "s1"), seconds(20));
    co_await std::move(own);
    CHECK(resources_of(stage, caller("agent:a", "s1")) == 1);
    CHECK(resources_of(stage, caller("agent:b", "s2")) == 0);
    // What a member's instance says reaches no other member, its templates neither.
    CHECK(stage.supervisor->known_catalogue(notes)->resource_templates.size() == 1);
    CHECK(stage.status().instances_total == 2); // the one that read the lists, too
    TaskGroup group(stage.loop.get_executor());
    for (const char* who : {"one", "two", "three"}) {
        group.spawn(who, stage.supervisor->learn_own(notes, caller("agent:c"), seconds(20)));
    }
    auto joining = group.join();
    co_await std::move(joining);
    CHECK(resources_of(stage, caller("agent:c")) == 1);
    CHECK(stage.status().instances_total == 3);
    auto called = instance_of(stage, caller("agent:a", "s1"));
    const auto called_got = co_await std::move(called);
    CHECK(called_got == 2); // the first was the probe
}

Task<void> no_own_lists_scene(Stage& stage) {
    auto probing = stage.supervisor->catalogue(notes, seconds(20));
    const auto probed = co_await std::move(probing);
    CHECK(probed.has_value());
    CallReply busy;
    TaskGroup group(stage.loop.get_executor());
    group.spawn("busy", call_as_into(stage, caller("agent:a"), "slow", busy));
    auto late = stage.supervisor->learn_own(notes, caller("agent:b"), milliseconds(50));
    co_await std::move(late);
    CHECK(busy.frame.empty());
    CHECK(resources_of(stage, caller("agent:b")) == 0);
    auto joining = group.join();
    co_await std::move(joining);
    auto own = stage.supervisor->learn_own(notes, caller("agent:b"), seconds(20));
    co_await std::move(own);
    auto again = stage.supervisor->learn_own(notes, caller("agent:b"), seconds(20));
    co_await std::move(again);
    CHECK(resources_of(stage, caller("agent:b")) == 1);
    auto stopping = stage.supervisor->stop_connector(notes);
    const auto stopped = co_await std::move(stopping);
    CHECK(stopped.has_value());
    const auto begun = std::chrono::steady_clock::now();
    auto never = stage.supervisor->learn_own(notes, caller("agent:c"), seconds(20));
    co_await std::move(never);
    CHECK(std::chrono::steady_clock::now() - begun < seconds(1));
    CHECK(stage.status().instances_ready == 0);
}

Task<void> verbs_scene(Stage& stage) {
    auto one = instance_of(stage, caller("agent:a"));
    const auto one_got = co_await std::move(one);
    CHECK(one_got == 1);
    auto two = instance_of(stage, caller("agent:b"));
    const auto two_got = co_await std::move(two);
    CHECK(two_got == 2);
    auto restarting = stage.supervisor->restart(notes);
    const auto restarted = co_await std::move(restarting);
    CHECK(restarted.has_value());
    CHECK(stage.status().instances_ready == 2);
    auto fresh = instance_of(stage, caller("agent:a"));
    const auto fresh_got = co_await std::move(fresh);
    CHECK(fresh_got > 2);
    auto stopping = stage.supervisor->stop_connector(notes);
    const auto stopped = co_await std::move(stopping);
    CHECK(stopped.has_value());
    CHECK(stage.status().health == "stopped");
    CHECK(stage.status().memory_bytes == 0);
    auto refused = say_as(stage, caller("agent:a"), "pid");
    const auto refused_got = co_await std::move(refused);
    CHECK(refused_got == "GH-P311");
    auto starting = stage.supervisor->start(notes);
    const auto started = co_await std::move(starting);
    CHECK(started.has_value());
    auto served = say_as(stage, caller("agent:a"), "pid");
    const auto served_got = co_await std::move(served);
    CHECK(served_got == "pid");
}

Task<void> worst_scene(Stage& stage) {
    auto good = instance_of(stage, caller("agent:a"));
    co_await std::move(good);
    CHECK(stage.status().health == "healthy");
    auto crashing = say_as(stage, caller("agent:b"), "exit");
    co_await std::move(crashing);
    auto down = until_health(stage, "unhealthy");
    co_await std::move(down);
    CHECK(stage.status().instances_ready == 1);
    CHECK(stage.status().instances_total == 2);
    CHECK(stage.status().cause->code == "GH-P301");
    auto still = say_as(stage, caller("agent:a"), "pid");
    const auto still_got = co_await std::move(still);
    CHECK(still_got == "pid");
}

} // namespace

TEST_CASE("a shared connector serves everybody from one instance") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::shared)}, shared_scene);
}

TEST_CASE("on a shared instance of a connector that asks for input, calls that may be asked run "
          "alone") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::shared)}, exclusive_scene);
}

TEST_CASE("auto is shared until the connector asks, then sessions that can answer get their own") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::automatic)}, auto_scene);
}

TEST_CASE("in session scope each session has an instance that knows its client, until it ends") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::session)}, session_scene);
}

TEST_CASE("a stateless call leases an instance alone, which later only its own principal gets") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::session)}, lease_scene);
}

TEST_CASE("in member scope no two members share an instance or a file") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::member)}, member_scene);
}

TEST_CASE("a member's instance takes calls that may be asked for input one at a time") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::member)}, members_asked_scene);
}

TEST_CASE("when all instances are there, the one unused for the longest time makes room") {
    ScopeStage stage;
    ConnectorSpec spec = stage.scoped(InstanceScope::session);
    spec.instances.max = 2;
    stage.play({spec}, room_scene);
}

TEST_CASE("when all instances are busy a call waits for one, and is refused at its deadline") {
    ScopeStage stage;
    ConnectorSpec spec = stage.scoped(InstanceScope::session);
    spec.instances.max = 1;
    stage.play({spec}, full_scene);
}

TEST_CASE("of sessions that ended nothing is left but their counts") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::session)}, many_sessions_scene);
}

TEST_CASE("a member's instance without calls ends and its place is free") {
    ScopeStage stage;
    ConnectorSpec spec = stage.scoped(InstanceScope::member);
    spec.instances.idle_after = milliseconds(100);
    stage.play({spec}, idle_seat_scene);
}

TEST_CASE("where every member has an own instance, one of nobody reads the lists") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::member)}, probe_scene);
}

TEST_CASE("who lists before the first call is shown the resources of an instance of its own") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::session)}, own_lists_scene);
}

TEST_CASE("a list goes without the resources of an instance that cannot be had in time") {
    ScopeStage stage;
    ConnectorSpec spec = stage.scoped(InstanceScope::member);
    spec.instances.max = 1;
    stage.play({spec}, no_own_lists_scene);
}

TEST_CASE("the verbs act on every instance") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::member)}, verbs_scene);
}

TEST_CASE("a connector is what its worst instance is, and the others go on serving") {
    ScopeStage stage;
    ConnectorSpec spec = stage.scoped(InstanceScope::member);
    spec.restart.initial = spec.restart.max = seconds(60);
    stage.play({spec}, worst_scene);
}
