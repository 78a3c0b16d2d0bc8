#include "runtime/supervisor/member_folder.hpp"
#include "runtime/supervisor/resource_watches.hpp"
#include "tests/unit/supervisor/scope_stage.hpp"

using namespace gatehouse;
using namespace gatehouse::runtime;
using namespace gatehouse::runtime::test;

namespace {

using Watcher = ResourceWatches::Watcher;

Task<CallReply> watch_as(Stage& stage, std::shared_ptr<const Caller> who, std::string uri) {
    return stage.supervisor->watch_resource(notes, std::move(who), std::move(uri));
}

std::size_t asked(Stage& stage, const std::string& line) {
    return count_lines(stage.log_lines(LogStream::standard_error), line);
}

Task<void> until_asked(Stage& stage, std::string line, std::size_t times) {
    Condition condition = [&stage, line, times](const ConnectorStatus&) {
        return asked(stage, line) == times;
    };
    auto waiting = eventually(stage, std::move(condition));
    co_await std::move(waiting);
}

Task<void> counted_scene(Stage& stage) {
    const auto a = caller("agent:a", "s1");
    const auto b = caller("agent:b", "s2");
    auto one = watch_as(stage, a, "file:///x");
    const auto first = co_await std::move(one);
    CHECK(first.end == CallEnd::result);
    auto two = watch_as(stage, b, "file:///x");
    const auto second = co_await std::move(two);
    CHECK(second.end == CallEnd::result);
    CHECK(second.body() == "{}");
    auto three = watch_as(stage, a, "file:///y");
    const auto third = co_await std::move(three);
    CHECK(third.end == CallEnd::result);
    auto asking = until_asked(stage, "subscribe file:///y", 1);
    co_await std::move(asking);
    CHECK(asked(stage, "subscribe file:///x") == 1);
    stage.supervisor->unwatch_resource(notes, *a, "file:///x");
    stage.supervisor->unwatch_resource(notes, *a, "file:///never");
    // The end of its session ends what it still watches; the other's watch stays.
    stage.supervisor->session_ended("s1");
    auto ended = until_asked(stage, "unsubscribe file:///y", 1);
    co_await std::move(ended);
    CHECK(asked(stage, "unsubscribe file:///x") == 0);
    stage.supervisor->unwatch_resource(notes, *b, "file:///x");
    auto last = until_asked(stage, "unsubscribe file:///x", 1);
    co_await std::move(last);
}

Task<void> asked_again_scene(Stage& stage) {
    const auto a = caller("agent:a", "s1");
    auto watching = watch_as(stage, a, "file:///x");
    const auto watched = co_await std::move(watching);
    CHECK(watched.end == CallEnd::result);
    auto crashing = call_as(stage, a, "exit");
    co_await std::move(crashing);
    auto again = until_asked(stage, "subscribe file:///x", 2);
    co_await std::move(again);
    auto restarting = stage.supervisor->restart(notes);
    const auto restarted = co_await std::move(restarting);
    CHECK(restarted.has_value());
    auto third = until_asked(stage, "subscribe file:///x", 3);
    co_await std::move(third);
}

Task<void> awake_scene(Stage& stage) {
    const auto a = caller("agent:a", "s1");
    auto watching = watch_as(stage, a, "file:///x");
    const auto watched = co_await std::move(watching);
    CHECK(watched.end == CallEnd::result);
    asio::steady_timer timer(stage.loop, milliseconds(400));
    co_await timer.async_wait(asio::use_awaitable);
    CHECK(stage.status().lifecycle == "ready");
    stage.supervisor->unwatch_resource(notes, *a, "file:///x");
    auto sleeping = until_health(stage, "idle");
    co_await std::move(sleeping);
}

Task<void> owners_scene(Stage& stage) {
    auto& heard = static_cast<ScopeStage&>(stage).heard;
    stage.supervisor->set_observer(&heard);
    auto touching = call_as(stage, caller("agent:a", "s1"), "touch", "file:///x");
    co_await std::move(touching);
    Condition told = [&heard](const ConnectorStatus&) { return heard.notices.size() == 2; };
    auto hearing = eventually(stage, told);
    co_await std::move(hearing);
    CHECK(heard.notices[0].method == "notifications/resources/updated");
    CHECK(heard.notices[1].method == "notifications/tools/list_changed");
    for (const auto& notice : heard.notices) {
        CHECK(notice.owner.session == "s1");
        CHECK(notice.owner.principal == PrincipalId("agent:a"));
    }
    stage.supervisor->set_observer(nullptr);
}

Task<void> shared_owner_scene(Stage& stage) {
    auto& heard = static_cast<ScopeStage&>(stage).heard;
    stage.supervisor->set_observer(&heard);
    auto touching = call_as(stage, caller("agent:a", "s1"), "touch", "file:///x");
    co_await std::move(touching);
    Condition told = [&heard](const ConnectorStatus&) { return heard.notices.size() == 2; };
    auto hearing = eventually(stage, told);
    co_await std::move(hearing);
    CHECK_FALSE(heard.notices[0].owner.principal.has_value());
    CHECK(heard.notices[0].owner.session.empty());
    stage.supervisor->set_observer(nullptr);
}

Task<void> remembered_era_scene(Stage& stage) {
    auto calling = call_as(stage, caller("agent:a"), "pid");
    co_await std::move(calling);
    CHECK(stage.status().era == "legacy");
    auto crashing = call_as(stage, caller("agent:a"), "exit");
    co_await std::move(crashing);
    auto again = until_asked(stage, "initialize seen", 2);
    co_await std::move(again);
    CHECK(asked(stage, "discover seen") == 1);
    // An operator's restart may follow an update: it is asked anew.
    auto restarting = stage.supervisor->restart(notes);
    const auto restarted = co_await std::move(restarting);
    CHECK(restarted.has_value());
    auto anew = until_asked(stage, "discover seen", 2);
    co_await std::move(anew);
}

Task<void> probe_exit_scene(Stage& stage) {
    auto calling = call_as(stage, caller("agent:a"), "pid");
    const auto reply = co_await std::move(calling);
    CHECK(text_of(reply) == "pid");
    CHECK(reply.instance.value == 2);
    const auto status = stage.status();
    CHECK(status.health == "healthy");
    CHECK(status.restarts_total == 0);
    CHECK(status.era == "legacy");
    auto begun = until_asked(stage, "initialize seen", 1);
    co_await std::move(begun);
    CHECK(asked(stage, "discover seen") == 1);
}

} // namespace

TEST_CASE("watches are counted by instance and resource, and a session's end takes its own") {
    ResourceWatches watches;
    const Watcher one{"s1", PrincipalId("agent:a")};
    const Watcher stateless{"", PrincipalId("agent:a")};
    const auto watch = watches.add(one, "", "u");
    CHECK(watches.add(one, "", "u") == watch);
    CHECK(watches.add(stateless, "", "u") == watch);
    CHECK_FALSE(watches.accepted(watch));
    CHECK(watches.accepted_uris("").empty());
    watches.set_accepted(watch);
    CHECK(watches.accepted_uris("") == std::vector<std::string>{"u"});
    CHECK_FALSE(watches.remove(one, "u").has_value());
    CHECK(watches.remove_session("s1").empty());
    CHECK_FALSE(watches.remove(one, "u").has_value());
    CHECK(watches.any(""));
    CHECK(watches.remove(stateless, "u") == watch);
    CHECK_FALSE(watches.any(""));
    CHECK(watches.size() == 0);
}

TEST_CASE(
    "a watch stays with the instance that was asked, also when the next call goes elsewhere") {
    ResourceWatches watches;
    const Watcher one{"s1", PrincipalId("agent:a")};
    CHECK(watches.add(one, "", "u").seat.empty());
    CHECK(watches.add(one, "session s1", "u").seat.empty());
    CHECK(watches.add(one, "session s1", "v").seat == "session s1");
    CHECK(watches.any("session s1"));
    CHECK(watches.remove_session("s1").size() == 2);
    CHECK(watches.size() == 0);
}

TEST_CASE("folders of members differ when their names differ, and never lead out") {
    CHECK(member_folder_of(PrincipalId("agent:ci")) == "agent=3aci");
    CHECK(member_folder_of(PrincipalId("../x")) == "=2e=2e=2fx");
    CHECK(member_folder_of(PrincipalId("A")) != member_folder_of(PrincipalId("a")));
    CHECK(member_folder_of(PrincipalId("")) == "=");
    const std::string name(200, 'a');
    CHECK(member_folder_of(PrincipalId(name)) == name);
    CHECK(member_folder_of(PrincipalId(name + "b")) == name + "+/b");
}

TEST_CASE("a resource is asked for once, however many watch it, and let go with the last") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::shared)}, counted_scene);
}

TEST_CASE("a new instance is asked again for what is watched") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::session)}, asked_again_scene);
}

TEST_CASE("an instance that someone waits for does not fall asleep") {
    ScopeStage stage;
    ConnectorSpec spec = stage.scoped(InstanceScope::shared);
    spec.instances.idle_after = milliseconds(100);
    stage.play({spec}, awake_scene);
}

TEST_CASE(
    "what a session's instance says is told as its owner's, what a shared one says as anyone's") {
    ScopeStage own;
    own.play({own.scoped(InstanceScope::session)}, owners_scene);
    ScopeStage shared;
    shared.play({shared.scoped(InstanceScope::shared)}, shared_owner_scene);
}

TEST_CASE("what was found out of the era is remembered until an operator restarts the connector") {
    ScopeStage stage;
    stage.play({stage.scoped(InstanceScope::shared)}, remembered_era_scene);
}

TEST_CASE("a connector that ends when it is asked for its era is started again without a failure") {
    ScopeStage stage;
    ConnectorSpec spec = stage.scoped(InstanceScope::shared, "leaves");
    spec.restart.initial = spec.restart.max = seconds(60);
    stage.play({spec}, probe_exit_scene);
}
