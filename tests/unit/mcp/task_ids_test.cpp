#include "gateway/mcp/task_ids.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

TaskOwner owner_named(const std::string& name, const std::string& server = "demo") {
    return {PrincipalId("agent:" + name), VirtualServerName(server)};
}

KnownTask task_of(const std::string& id, const std::string& connector = "echo") {
    return {ConnectorName(connector), id, "slow"};
}

} // namespace

TEST_CASE("a task is found under the gateway's id by its owner alone") {
    ManualClock clock;
    TaskIds ids(clock);
    const std::string id = ids.add(owner_named("ci"), task_of("t1"), std::nullopt);
    CHECK(id.find("t1") == std::string::npos);
    CHECK(id.size() == 37);
    const auto found = ids.find(owner_named("ci"), id);
    REQUIRE(found.has_value());
    CHECK(found->upstream_id == "t1");
    CHECK(found->connector.str() == "echo");
    CHECK(found->tool == "slow");
    CHECK_FALSE(ids.find(owner_named("other"), id).has_value());
    CHECK_FALSE(ids.find(owner_named("ci", "second"), id).has_value());
    CHECK_FALSE(ids.find(owner_named("ci"), "t1").has_value());
    CHECK(ids.shown_id(owner_named("ci"), ConnectorName("echo"), "t1") == id);
    CHECK_FALSE(ids.shown_id(owner_named("other"), ConnectorName("echo"), "t1").has_value());
    CHECK_FALSE(ids.shown_id(owner_named("ci"), ConnectorName("fs"), "t1").has_value());
}

TEST_CASE("the same task keeps its id, the same name at another connector is another task") {
    ManualClock clock;
    TaskIds ids(clock);
    const std::string id = ids.add(owner_named("ci"), task_of("t1"), std::nullopt);
    CHECK(ids.add(owner_named("ci"), task_of("t1"), std::nullopt) == id);
    CHECK(ids.add(owner_named("ci"), task_of("t1", "fs"), std::nullopt) != id);
    CHECK(ids.count() == 2);
    CHECK(ids.connectors_of(owner_named("ci")).size() == 2);
    CHECK(ids.connectors_of(owner_named("other")).empty());
}

TEST_CASE("a task is forgotten a little after its ttl") {
    ManualClock clock;
    TaskIds ids(clock);
    const std::string id = ids.add(owner_named("ci"), task_of("t1"), std::chrono::seconds(10));
    clock.advance(std::chrono::seconds(69));
    CHECK(ids.find(owner_named("ci"), id).has_value());
    clock.advance(std::chrono::seconds(2));
    CHECK_FALSE(ids.find(owner_named("ci"), id).has_value());
    CHECK_FALSE(ids.shown_id(owner_named("ci"), ConnectorName("echo"), "t1").has_value());
    ids.add(owner_named("ci"), task_of("t2"), std::nullopt);
    CHECK(ids.count() == 1);
}

TEST_CASE("a principal with many tasks pushes out its own oldest, not another's") {
    ManualClock clock;
    TaskIdLimits limits;
    limits.max_count_per_principal = 3;
    limits.max_count = 100;
    TaskIds ids(clock, limits);
    const std::string others = ids.add(owner_named("other"), task_of("o"), std::nullopt);
    const std::string oldest = ids.add(owner_named("ci"), task_of("t0"), std::nullopt);
    for (int i = 1; i <= 3; ++i) {
        ids.add(owner_named("ci"), task_of("t" + std::to_string(i)), std::nullopt);
    }
    CHECK(ids.count() == 4);
    CHECK_FALSE(ids.find(owner_named("ci"), oldest).has_value());
    CHECK(ids.find(owner_named("other"), others).has_value());
}
