#include "gateway/config/gateway_reader.hpp"

#include <algorithm>
#include <system_error>

namespace gatehouse::gateway {

namespace {

namespace fs = std::filesystem;

using runtime::Field;
using runtime::MapFields;
using runtime::NodeKind;

constexpr std::size_t manifests_max_count = 1000;
constexpr std::uint64_t kib = 1ULL << 10;
constexpr std::uint64_t gib = 1ULL << 30;
constexpr runtime::DurationRange log_retention_range{std::chrono::hours(1),
                                                     std::chrono::hours(24 * 3650)};

fs::path folder_of(const fs::path& file) {
    std::error_code problem;
    const fs::path absolute = fs::absolute(file, problem);
    return (problem ? file : absolute).parent_path();
}

// The YAML files of the folder by name; those of another kind are left out when they are read.
void list_folder(const Field& field, const fs::path& folder, GatewayReading& reading) {
    std::error_code problem;
    fs::directory_iterator entries(folder, problem);
    for (; !problem && entries != fs::directory_iterator(); entries.increment(problem)) {
        const fs::path& path = entries->path();
        const bool hidden = path.filename().string().front() == '.';
        if (path.extension() == ".yaml" && !hidden &&
            reading.config.manifests.size() < manifests_max_count) {
            reading.config.manifests.push_back(path);
        }
    }
    if (problem) {
        field.fail("GH-C509",
                   "the folder " + folder.string() + " cannot be read: " + problem.message(),
                   "The path counts from the folder of this file");
    }
    reading.manifests_found = !problem;
    std::sort(reading.config.manifests.begin(), reading.config.manifests.end());
}

void read_manifests(const Field& field, GatewayReading& reading) {
    if (!field.present()) {
        return;
    }
    const fs::path base = reading.config.file.parent_path();
    if (field.node().kind == NodeKind::sequence) {
        reading.manifests_found = true;
        for (const Field& item : read_list(field)) {
            std::string path;
            if (read_text(item, path)) {
                reading.config.manifests.push_back((base / path).lexically_normal());
            } else {
                reading.manifests_found = false;
            }
        }
        return;
    }
    std::string folder;
    if (read_text(field, folder)) {
        reading.manifests_from_folder = true;
        list_folder(field, (base / folder).lexically_normal(), reading);
    }
}

void read_data(const Field& field, GatewayConfig& config) {
    std::string data = "./data";
    read_text(field, data);
    config.data = (folder_of(config.file) / data).lexically_normal();
    if (!config.data.has_filename()) {
        config.data = config.data.parent_path(); // without the final slash of "./data/"
    }
}

void read_vault(const Field& field, GatewayConfig& config) {
    const MapFields vault(field, {"key"});
    const std::string scheme = "file:";
    std::string key = "file:keys/vault.key";
    read_text(vault["key"], key);
    if (key.compare(0, scheme.size(), scheme) != 0 || key.size() == scheme.size()) {
        // The value is not shown: who takes this for the place of the key itself has put it there.
        vault["key"].fail(
            "GH-C506", "not the place of a key file",
            "Write it like \"file:keys/vault.key\"; the path counts from the data folder");
        return;
    }
    config.vault_key = (config.data / key.substr(scheme.size())).lexically_normal();
}

void read_limits(const Field& field, GatewayLimits& limits) {
    const MapFields fields(field, {"body", "sessions", "calls_in_flight", "result"});
    read_size(fields["body"], limits.body_bytes, {kib, gib});
    read_count(fields["sessions"], limits.sessions, {1, 1'000'000});
    read_count(fields["calls_in_flight"], limits.calls_in_flight, {1, 1'000'000});
    read_size(fields["result"], limits.result_bytes, {kib, gib});
}

void read_logs(const Field& field, GatewayLogs& logs) {
    const MapFields fields(field, {"max_bytes", "retention"});
    read_size(fields["max_bytes"], logs.max_bytes, {gib / 1024, 1024 * gib});
    read_duration(fields["retention"], logs.retention, log_retention_range);
}

void read_gateway_root(const Field& document, GatewayReading& reading) {
    const MapFields root(document, {"apiVersion", "kind", "listen", "public_url", "data",
                                    "manifests", "allowed_hosts", "store", "vault",
                                    "virtual_servers", "policy", "audit", "limits", "logs"});
    GatewayConfig& config = reading.config;
    read_choice(root.required("apiVersion"), {"gatehouse/v1"});
    read_choice(root.required("kind"), {"Gateway"});
    read_data(root["data"], config);
    read_listen(root, config);
    read_manifests(root.required("manifests"), reading);
    const MapFields store(root["store"], {"kind"});
    read_choice(store["kind"], {"sqlite"});
    read_vault(root["vault"], config);
    read_virtual_servers(root["virtual_servers"], reading);
    read_policy(root["policy"], reading);
    const MapFields audit(root["audit"], {"durability"});
    if (const auto choice = read_choice(audit["durability"], {"process", "disk"})) {
        config.durability = static_cast<AuditDurability>(*choice);
    }
    read_limits(root["limits"], config.limits);
    read_logs(root["logs"], config.logs);
}

} // namespace

GatewayReading read_gateway(runtime::Document document) {
    GatewayReading reading;
    reading.config.file = document.file;
    runtime::Reporter reporter(document);
    if (document.readable) {
        read_gateway_root(Field(reporter, document), reading);
    }
    reading.known_keys = reporter.known_keys();
    reading.issues = reporter.take();
    return reading;
}

} // namespace gatehouse::gateway
