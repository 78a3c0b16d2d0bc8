#include "runtime/manifest/catalogue.hpp"

#include "runtime/manifest/credential_reader.hpp"
#include "runtime/manifest/health_reader.hpp"
#include "runtime/manifest/run_reader.hpp"
#include "runtime/manifest/transport_reader.hpp"

#include <set>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::uint64_t mib = 1ULL << 20;
constexpr std::uint64_t tib = 1ULL << 40;
constexpr std::size_t volumes_max_count = 32; // of one launch plan

void read_metadata(const MapFields& root, ConnectorReading& reading) {
    const MapFields metadata(root.required("metadata"),
                             {"name", "title", "description", "owner", "labels"});
    const Field name_field = metadata.required("name");
    std::string name;
    if (read_name(name_field, name)) {
        reading.spec.name = ConnectorName(name);
        reading.name_place = name_field.node().place;
    }
    reading.spec.title = name;
    read_text(metadata["title"], reading.spec.title);
    read_text(metadata["description"], reading.spec.description);
    read_text(metadata["owner"], reading.spec.owner);
    read_text_map(metadata["labels"], reading.spec.labels);
}

void read_sandbox(const MapFields& root, SandboxSpec& spec) {
    const MapFields sandbox(root["sandbox"], {"writable", "limits"});
    std::set<std::string> seen;
    for (const Field& item : read_list(sandbox["writable"], volumes_max_count)) {
        std::string volume;
        if (!read_name(item, volume)) {
            continue;
        }
        if (volume == "members") {
            item.fail("GH-C506", "the name 'members' is the gateway's own", "Use another name");
        }
        if (!seen.insert(volume).second) {
            item.fail("GH-C508", "the volume is named twice", "Remove one of them");
        }
        spec.writable.push_back(std::move(volume));
    }
    const MapFields limits(sandbox["limits"], {"memory", "tmp", "pids", "nofile"});
    read_size(limits["memory"], spec.limits.memory_bytes, {mib, tib});
    read_size(limits["tmp"], spec.limits.tmp_bytes, {64 * 1024, tib});
    read_count(limits["pids"], spec.limits.pids, {1, 65'536});
    read_count(limits["nofile"], spec.limits.nofile, {16, 1'048'576});
}

void read_logs(const MapFields& root, ConnectorSpec& spec) {
    const MapFields logs(root["logs"], {"max_bytes", "backpressure"});
    read_size(logs["max_bytes"], spec.log_max_bytes, {64 * 1024, tib});
    if (const auto choice = read_choice(logs["backpressure"], {"drop", "block"})) {
        spec.log_backpressure = static_cast<LogBackpressure>(*choice);
    }
}

void read_connector_root(const Field& document, ConnectorReading& reading) {
    const MapFields root(document, {"apiVersion", "kind", "metadata", "source", "run",
                                    "credentials", "sandbox", "health", "restart", "logs"});
    read_choice(root.required("apiVersion"), {"gatehouse/v1"});
    read_choice(root.required("kind"), {"Connector"});
    read_metadata(root, reading);
    const MapFields run = run_fields(root.required("run"));
    read_transport(run, reading.spec);
    read_source(root.required("source"), reading.spec);
    read_run(run, reading.spec);
    read_credentials(root["credentials"], reading.spec);
    refuse_for_remote(reading.spec, root["sandbox"]);
    read_sandbox(root, reading.spec.sandbox);
    read_health(root["health"], reading.spec.health);
    read_restart(root["restart"], reading.spec.restart);
    read_logs(root, reading.spec);
}

std::variant<ConnectorSpec, Issues> spec_or_issues(ConnectorReading reading) {
    if (!reading.issues.empty()) {
        return std::move(reading.issues);
    }
    return std::move(reading.spec);
}

} // namespace

ConnectorReading read_connector(Document document) {
    ConnectorReading reading;
    reading.spec.manifest_path = document.file;
    Reporter reporter(document);
    // An unreadable document has its issues already; every key would be reported missing on top.
    if (document.readable) {
        read_connector_root(Field(reporter, document), reading);
    }
    reading.known_keys = reporter.known_keys();
    reading.issues = reporter.take();
    return reading;
}

std::variant<ConnectorSpec, Issues> load_connector(const std::filesystem::path& file) {
    return spec_or_issues(read_connector(read_document(file)));
}

std::variant<ConnectorSpec, Issues> load_connector_text(const std::filesystem::path& file,
                                                        std::string_view text) {
    return spec_or_issues(read_connector(read_document_text(file.string(), text)));
}

} // namespace gatehouse::runtime
