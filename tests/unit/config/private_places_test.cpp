#include "gateway/config/private_places.hpp"

#include <catch2/catch.hpp>

using namespace gatehouse;
using namespace gatehouse::gateway;

namespace {

LoadedConfig with_source(const std::string& source_dir) {
    LoadedConfig loaded;
    loaded.gateway.data = "/nowhere/project/data";
    loaded.gateway.admin_socket = "/nowhere/run/admin.sock";
    loaded.gateway.vault_key = "/nowhere/keys/vault.key";
    runtime::ConnectorSpec spec;
    spec.source_dir = source_dir;
    loaded.connectors.push_back(spec);
    return loaded;
}

} // namespace

TEST_CASE("a source folder that reaches the gateway's own places is refused") {
    for (const char* folder : {"/", "/nowhere", "/nowhere/project", "/nowhere/project/data",
                               "/nowhere/project/data/state/x", "/nowhere/run", "/nowhere/keys"}) {
        INFO(folder);
        const auto issues = check_private_places(with_source(folder));
        REQUIRE(issues.size() == 1);
        CHECK(issues[0].code == "GH-C508");
        CHECK(issues[0].path == "source.dir.path");
    }
}

TEST_CASE("a source folder beside the gateway's own places is fine, also one of a similar name") {
    for (const char* folder : {"/nowhere/project/server", "/nowhere/project/data2", "/elsewhere"}) {
        INFO(folder);
        CHECK(check_private_places(with_source(folder)).empty());
    }
}
