#include "gateway/mcp/lifecycle_results.hpp"

#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>

namespace gatehouse::gateway {

namespace {

Json server_info(const VirtualServer& server) {
    const VirtualServerConfig& config = server.config();
    Json info;
    info["name"] = "gatehouse/" + config.name.str();
    if (!config.title.empty()) {
        info["title"] = config.title;
    }
    info["version"] = GATEHOUSE_VERSION;
    return info;
}

} // namespace

std::string negotiated_version(std::string_view initialize_params) {
    const auto raw = initialize_params.empty()
                         ? std::nullopt
                         : runtime::find_member(initialize_params, "protocolVersion");
    const auto wanted = raw ? runtime::string_value(*raw) : std::nullopt;
    const bool known = wanted && std::find(legacy_versions.begin(), legacy_versions.end(),
                                           *wanted) != legacy_versions.end();
    return known ? *wanted : std::string(newest_legacy_version);
}

std::string initialize_result(const VirtualServer& server, const std::string& version) {
    Json result;
    result["protocolVersion"] = version;
    result["capabilities"] = Json{{"tools", Json::object()}};
    result["serverInfo"] = server_info(server);
    const std::string instructions = server.instructions();
    if (!instructions.empty()) {
        result["instructions"] = instructions;
    }
    return dump_json(result);
}

std::string discover_result(const VirtualServer& server) {
    Json result;
    result["resultType"] = "complete";
    result["supportedVersions"] = Json::array({std::string(modern_version)});
    result["capabilities"] = Json{{"tools", Json::object()}};
    const std::string instructions = server.instructions();
    if (!instructions.empty()) {
        result["instructions"] = instructions;
    }
    result["ttlMs"] = 0;
    result["cacheScope"] = "private";
    result["_meta"] = Json{{"io.modelcontextprotocol/serverInfo", server_info(server)}};
    return dump_json(result);
}

} // namespace gatehouse::gateway
