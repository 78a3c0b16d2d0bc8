#include "gateway/mcp/virtual_server.hpp"

#include "gateway/mcp/list_page.hpp"
#include "gateway/mcp/served_capabilities.hpp"
#include "gateway/mcp/served_uris.hpp"
#include "runtime/base/assert.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr std::size_t warnings_max_count = 1000;

std::string describe_server(const VirtualServerConfig& config) {
    std::string info = "{\"name\":" + json_quote("gatehouse/" + config.name.str());
    if (!config.title.empty()) {
        info += ",\"title\":" + json_quote(config.title);
    }
    return info + ",\"version\":" + json_quote(GATEHOUSE_VERSION) + "}";
}

} // namespace

VirtualServer::VirtualServer(Executor executor, VirtualServerConfig config,
                             runtime::ConnectorDirectory& directory)
    : executor_(std::move(executor)), config_(std::move(config)), directory_(directory),
      server_info_(describe_server(config_)) {}

void VirtualServer::reconfigure(VirtualServerConfig config) {
    GH_ASSERT(config.name == config_.name);
    // What was made from the old one refers to it, so that goes first.
    exposed_items_ = ExposedItemsCache();
    built_from_.clear();
    served_.reset();
    failed_.clear();
    start_failures_.clear();
    config_ = std::move(config);
    server_info_ = describe_server(config_);
}

std::string VirtualServer::instructions() const {
    std::string joined;
    for (const ExposedConnector& exposed : config_.connectors) {
        const auto catalogue = directory_.known_catalogue(exposed.name);
        if (catalogue != nullptr && !catalogue->instructions.empty()) {
            joined += joined.empty() ? "" : "\n\n";
            joined += "[" + exposed.name.str() + "] " + catalogue->instructions;
        }
    }
    return joined;
}

std::string VirtualServer::capabilities(Era era, const runtime::Caller& caller,
                                        std::string_view version) const {
    std::vector<CapabilitySource> sources;
    for (const ExposedConnector& exposed : config_.connectors) {
        sources.push_back({&exposed, directory_.known_catalogue(exposed.name, caller)});
    }
    return served_capabilities(sources, era, version);
}

bool VirtualServer::offers(runtime::ListKind kind, const runtime::Caller& caller) const {
    return std::any_of(config_.connectors.begin(), config_.connectors.end(),
                       [&](const ExposedConnector& exposed) {
                           const auto known = directory_.known_catalogue(exposed.name, caller);
                           return exposes_list(exposed, known.get(), kind);
                       });
}

std::shared_ptr<const ServedTools> VirtualServer::served() {
    bool changed = served_ == nullptr;
    built_from_.resize(config_.connectors.size());
    for (std::size_t i = 0; i < config_.connectors.size(); ++i) {
        auto now = directory_.known_catalogue(config_.connectors[i].name);
        if (now != built_from_[i]) {
            built_from_[i] = std::move(now);
            changed = true;
        }
    }
    if (!changed) {
        return served_;
    }
    std::vector<std::string> warnings;
    std::vector<ExposedTool> all;
    for (std::size_t i = 0; i < config_.connectors.size(); ++i) {
        if (built_from_[i] != nullptr) {
            auto some = expose_tools(config_.connectors[i], *built_from_[i], warnings);
            all.insert(all.end(), std::make_move_iterator(some.begin()),
                       std::make_move_iterator(some.end()));
        }
    }
    ToolTable table(std::move(all), warnings);
    warn(warnings);
    served_ = std::make_shared<const ServedTools>(std::move(table), directory_);
    return served_;
}

void VirtualServer::warn(const std::vector<std::string>& warnings) {
    for (const std::string& warning : warnings) {
        if (warned_.size() < warnings_max_count && warned_.insert(warning).second) {
            log_warn("virtual server " + config_.name.str() + ": " + warning);
        }
    }
}

ServedItems VirtualServer::items_for(const runtime::Caller& caller) {
    std::vector<std::shared_ptr<const ExposedItems>> all;
    for (const ExposedConnector& exposed : config_.connectors) {
        if (auto known = directory_.known_catalogue(exposed.name, caller)) {
            all.push_back(exposed_items_.get(exposed, std::move(known)));
        }
    }
    return ServedItems(std::move(all));
}

std::optional<ServedTarget> VirtualServer::find_prompt(std::string_view name,
                                                       const runtime::Caller& caller) {
    return items_for(caller).find_prompt(name);
}

std::optional<ServedTarget> VirtualServer::find_resource(std::string_view uri,
                                                         const runtime::Caller& caller) {
    return items_for(caller).find_resource(uri);
}

std::optional<ServedCompletion> VirtualServer::find_completion(std::string_view ref,
                                                               const runtime::Caller& caller) {
    return items_for(caller).find_completion(ref);
}

std::string VirtualServer::exposed_uri(const ConnectorName& connector,
                                       std::string_view upstream_uri,
                                       const runtime::Caller& caller) {
    return items_for(caller).exposed_uri(connector, upstream_uri);
}

bool VirtualServer::rewrites_uris(const ConnectorName& connector) const {
    std::size_t offering = 0;
    bool is_one_of_them = false;
    for (const ExposedConnector& exposed : config_.connectors) {
        const auto known = directory_.known_catalogue(exposed.name);
        if (exposes_list(exposed, known.get(), runtime::ListKind::resources)) {
            ++offering;
            is_one_of_them = is_one_of_them || exposed.name == connector;
        }
    }
    return is_one_of_them && offering > 1;
}

std::string VirtualServer::rewrite_uris(const ConnectorName& connector, std::string_view raw,
                                        const runtime::Caller& caller) {
    const ServedItems items = items_for(caller);
    return exchange_uris(raw,
                         [&](std::string_view uri) { return items.exposed_uri(connector, uri); });
}

} // namespace gatehouse::gateway
