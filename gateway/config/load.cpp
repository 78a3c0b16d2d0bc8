#include "gateway/config/gateway_config.hpp"
#include "gateway/config/gateway_reader.hpp"
#include "gateway/config/private_places.hpp"
#include "runtime/manifest/catalogue.hpp"
#include "runtime/manifest/document.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace gatehouse::gateway {

namespace {

namespace fs = std::filesystem;

using runtime::Document;
using runtime::Issue;
using runtime::Issues;

// The gateway file and its manifests as far as they could be read, with all issues, the gateway's
// first.
struct Loading {
    LoadedConfig loaded;
    Issues issues;
};

// Manifests by name: the names that the gateway file may refer to.
class ConnectorNames {
  public:
    // complete: every manifest was found, so that a name that is not here is nowhere.
    explicit ConnectorNames(bool complete) : complete_(complete) {}

    // GH-C508 if another manifest has the name already.
    void add(const runtime::ConnectorReading& reading, Issues& issues) {
        const std::string& name = reading.spec.name.str();
        if (name.empty()) {
            complete_ = false;
            return;
        }
        const auto [first, is_new] = files_.emplace(name, reading.spec.manifest_path.string());
        if (!is_new) {
            issues.push_back({reading.spec.manifest_path.string(), reading.name_place.line,
                              reading.name_place.column, "metadata.name", "GH-C508",
                              "a second connector named " + runtime::shown(name) +
                                  ", the first is " + first->second,
                              "Rename one of them"});
        }
    }
    // A manifest whose name could not be read may be the one that is missing.
    bool knows(const std::string& name) const { return !complete_ || files_.count(name) != 0; }
    std::vector<std::string_view> names() const {
        std::vector<std::string_view> out;
        for (const auto& [name, file] : files_) {
            out.push_back(name);
        }
        return out;
    }

  private:
    std::map<std::string, std::string> files_;
    bool complete_;
};

bool is_same_file(const fs::path& a, const fs::path& b) {
    std::error_code problem;
    return fs::equivalent(a, b, problem);
}

void read_manifest_file(const fs::path& file, const GatewayReading& gateway, ConnectorNames& names,
                        Loading& out) {
    Document document = runtime::read_document(file);
    const std::string kind = runtime::document_kind(document);
    if (gateway.manifests_from_folder && document.readable && kind == "Gateway") {
        return;
    }
    runtime::ConnectorReading reading = runtime::read_connector(std::move(document));
    names.add(reading, reading.issues);
    runtime::sort_by_place(reading.issues);
    out.issues.insert(out.issues.end(), reading.issues.begin(), reading.issues.end());
    out.loaded.gateway.manifests.push_back(file);
    out.loaded.connectors.push_back(std::move(reading.spec));
}

void check_references(const GatewayReading& gateway, const ConnectorNames& connectors,
                      Issues& issues) {
    std::vector<std::string_view> servers;
    for (const VirtualServerConfig& server : gateway.config.virtual_servers) {
        servers.push_back(server.name.str());
    }
    for (const NameReference& reference : gateway.references) {
        const bool is_connector = reference.kind == NameReference::Kind::connector;
        const bool known = is_connector ? connectors.knows(reference.name)
                                        : std::find(servers.begin(), servers.end(),
                                                    reference.name) != servers.end();
        if (known) {
            continue;
        }
        const auto candidates = is_connector ? connectors.names() : servers;
        const std::string near = runtime::nearest_word(reference.name, candidates);
        const std::string all =
            candidates.empty() ? "There are none" : "Known: " + runtime::joined(candidates);
        issues.push_back({gateway.config.file.string(), reference.place.line,
                          reference.place.column, reference.path, "GH-C508",
                          std::string("no ") + (is_connector ? "connector" : "virtual server") +
                              " is named " + runtime::shown(reference.name),
                          (near.empty() ? "" : "Did you mean '" + near + "'? ") + all});
    }
}

Loading load_document(Document document) {
    Loading out;
    const bool readable = document.readable;
    GatewayReading reading = read_gateway(std::move(document));
    const std::vector<fs::path> files = std::move(reading.config.manifests);
    reading.config.manifests.clear();
    out.loaded.gateway = reading.config;
    ConnectorNames names(reading.manifests_found);
    for (const fs::path& file : files) {
        if (!(reading.manifests_from_folder && is_same_file(file, reading.config.file))) {
            read_manifest_file(file, reading, names, out);
        }
    }
    if (readable) {
        check_references(reading, names, reading.issues);
    }
    runtime::sort_by_place(reading.issues);
    out.issues.insert(out.issues.begin(), reading.issues.begin(), reading.issues.end());
    const Issues private_issues = check_private_places(out.loaded);
    out.issues.insert(out.issues.end(), private_issues.begin(), private_issues.end());
    return out;
}

// Which keys are right depends on the kind, so nothing else can be said of a file without a known
// one.
Issues issues_of_unknown_kind(Document document) {
    runtime::Reporter reporter(document);
    const runtime::Field root(reporter, document);
    const auto& members = document.root.members;
    const auto kind = std::find_if(members.begin(), members.end(),
                                   [](const auto& one) { return one.key == "kind"; });
    if (document.root.kind != runtime::NodeKind::map) {
        root.fail_type(
            "a map",
            "Start with 'apiVersion: gatehouse/v1' and 'kind: Connector' or 'kind: Gateway'");
    } else if (kind == members.end()) {
        runtime::Field(root, std::string("kind"))
            .fail("GH-C505", "required, and missing", "Add 'kind: Connector' or 'kind: Gateway'");
    } else {
        read_choice(runtime::Field(root, *kind), {"Connector", "Gateway"});
    }
    return reporter.take();
}

Issues validate_document(Document document) {
    const std::string kind = runtime::document_kind(document);
    if (!document.readable) {
        return std::move(document.issues);
    }
    if (kind == "Connector") {
        return runtime::read_connector(std::move(document)).issues;
    }
    if (kind == "Gateway") {
        return load_document(std::move(document)).issues;
    }
    return issues_of_unknown_kind(std::move(document));
}

} // namespace

std::variant<LoadedConfig, Issues> load_config(const fs::path& file) {
    Loading loading = load_document(runtime::read_document(file));
    if (!loading.issues.empty()) {
        return std::move(loading.issues);
    }
    return std::move(loading.loaded);
}

Issues validate_files(const std::vector<fs::path>& files) {
    Issues out;
    // A manifest that is named itself and by a gateway file is reported once.
    std::set<std::tuple<std::string, int, int, std::string, std::string>> seen;
    for (const fs::path& file : files) {
        for (Issue& issue : validate_document(runtime::read_document(file))) {
            const std::string name = fs::path(issue.file).lexically_normal().string();
            if (seen.emplace(name, issue.line, issue.column, issue.path, issue.code).second) {
                out.push_back(std::move(issue));
            }
        }
    }
    return out;
}

} // namespace gatehouse::gateway
