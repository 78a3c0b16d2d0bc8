#include "gateway/mcp/lifecycle_results.hpp"

#include "runtime/base/json.hpp"
#include "runtime/session/json_scan.hpp"

#include <algorithm>

namespace gatehouse::gateway {

std::string negotiated_version(std::string_view initialize_params) {
    const auto raw = initialize_params.empty()
                         ? std::nullopt
                         : runtime::find_member(initialize_params, "protocolVersion");
    const auto wanted = raw ? runtime::string_value(*raw) : std::nullopt;
    const bool known = wanted && std::find(legacy_versions.begin(), legacy_versions.end(),
                                           *wanted) != legacy_versions.end();
    return known ? *wanted : std::string(newest_legacy_version);
}

std::string initialize_result(const VirtualServer& server, const std::string& version,
                              const runtime::Caller& caller) {
    std::string result = "{\"protocolVersion\":" + json_quote(version) +
                         ",\"capabilities\":" + server.capabilities(Era::legacy, caller, version) +
                         ",\"serverInfo\":" + server.server_info();
    const std::string instructions = server.instructions();
    if (!instructions.empty()) {
        result += ",\"instructions\":" + json_quote(instructions);
    }
    return result + "}";
}

std::string discover_result(const VirtualServer& server, const runtime::Caller& caller) {
    std::string result = R"({"resultType":"complete","supportedVersions":[")" +
                         std::string(modern_version) + R"("],"capabilities":)" +
                         server.capabilities(Era::modern, caller);
    const std::string instructions = server.instructions();
    if (!instructions.empty()) {
        result += ",\"instructions\":" + json_quote(instructions);
    }
    return result +
           R"(,"ttlMs":0,"cacheScope":"private","_meta":{"io.modelcontextprotocol/)"
           R"(serverInfo":)" +
           server.server_info() + "}}";
}

} // namespace gatehouse::gateway
