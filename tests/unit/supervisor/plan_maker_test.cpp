#include "runtime/supervisor/plan_maker.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::runtime;

TEST_CASE("a plan says everything that the manifest says, and nothing else") {
    ConnectorSpec spec;
    spec.name = ConnectorName("notes");
    spec.source_dir = "/srv/notes";
    spec.command = {"server.py", "--flag"};
    spec.env = {{"LOG_LEVEL", "info"}};
    spec.sandbox.writable = {"state", "cache"};
    spec.sandbox.limits = SandboxLimits{1 << 20, 2 << 20, 7, 64};
    PlanInputs inputs;
    inputs.secret_env.emplace_back("TOKEN", Secret(std::string("s3cret")));
    inputs.state_folder = "/data/state";
    inputs.uid = 200'003;
    const auto plan = make_plan(spec, std::move(inputs));
    CHECK(plan.connector == "notes");
    CHECK(plan.code_dir == "/srv/notes");
    CHECK(plan.command == spec.command);
    REQUIRE(plan.env.size() == 1);
    CHECK(plan.env[0] == std::pair<std::string, std::string>("LOG_LEVEL", "info"));
    REQUIRE(plan.secret_env.size() == 1);
    CHECK(plan.secret_env[0].first == "TOKEN");
    CHECK(plan.secret_env[0].second.equals("s3cret"));
    REQUIRE(plan.volumes.size() == 2);
    CHECK(plan.volumes[0].host_path == "/data/state/notes/state");
    CHECK(plan.volumes[1].name == "cache");
    CHECK(plan.limits.memory_bytes == 1 << 20);
    CHECK(plan.limits.tmp_bytes == 2 << 20);
    CHECK(plan.limits.pids == 7);
    CHECK(plan.limits.nofile == 64);
    CHECK(plan.uid == 200'003);
}
