#include "gateway/config/private_places.hpp"

#include <algorithm>
#include <system_error>

namespace gatehouse::gateway {

namespace {

namespace fs = std::filesystem;

// Whether `path` is `folder` or lies in it; both are canonical.
bool is_inside(const fs::path& path, const fs::path& folder) {
    const auto [rest, end] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return rest == folder.end() || (rest->empty() && std::next(rest) == folder.end());
}

fs::path resolved(const fs::path& path) {
    std::error_code problem;
    fs::path found = fs::weakly_canonical(path, problem);
    return problem ? path.lexically_normal() : found;
}

std::string conflict_of(const fs::path& source, const GatewayConfig& gateway) {
    const fs::path data = resolved(gateway.data);
    if (is_inside(data, source)) {
        return "holds the gateway's data folder " + data.string();
    }
    if (is_inside(source, data)) {
        return "lies in the gateway's data folder " + data.string();
    }
    for (const fs::path& own : {gateway.admin_socket, gateway.vault_key}) {
        if (!own.empty() && is_inside(resolved(own), source)) {
            return "holds the gateway's own " + own.string();
        }
    }
    return "";
}

} // namespace

runtime::Issues check_private_places(const LoadedConfig& loaded) {
    runtime::Issues issues;
    if (loaded.gateway.data.empty()) {
        return issues;
    }
    for (const runtime::ConnectorSpec& spec : loaded.connectors) {
        const std::string conflict =
            spec.source_dir.empty() ? "" : conflict_of(spec.source_dir, loaded.gateway);
        if (!conflict.empty()) {
            issues.push_back(
                {spec.manifest_path.string(), 0, 0, "source.dir.path", "GH-C508",
                 "the source folder " + spec.source_dir.string() + " " + conflict +
                     ", so the connector could reach its secrets",
                 "Give the connector a folder of its own, apart from the gateway's data"});
        }
    }
    return issues;
}

} // namespace gatehouse::gateway
