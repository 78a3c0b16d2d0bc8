#include "gateway/mcp/virtual_server.hpp"

#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"

#include <utility>

namespace gatehouse::gateway {

VirtualServer::VirtualServer(Executor executor, VirtualServerConfig config,
                             runtime::ConnectorDirectory& directory)
    : executor_(std::move(executor)), config_(std::move(config)), directory_(directory) {}

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
    for (const std::string& warning : warnings) {
        log_warn("virtual server " + config_.name.str() + ": " + warning);
    }
    served_ = std::make_shared<const ServedTools>(std::move(table), directory_);
    return served_;
}

Task<void> VirtualServer::learn(std::string tool_name, std::chrono::milliseconds deadline) {
    TaskGroup starting(executor_);
    for (const ExposedConnector& exposed : config_.connectors) {
        const bool fits = tool_name.empty() || tool_name.starts_with(exposed.prefix);
        if (fits && directory_.known_catalogue(exposed.name) == nullptr) {
            starting.spawn("learn tools of " + exposed.name.str(),
                           learn_one(exposed.name, deadline));
        }
    }
    co_await starting.join();
}

Task<void> VirtualServer::learn_one(ConnectorName name, std::chrono::milliseconds deadline) {
    const auto learned = co_await directory_.catalogue(name, deadline);
    if (!learned) {
        log_warn("virtual server " + config_.name.str() + ": tools of connector " + name.str() +
                 " are not known yet: " + to_text(learned.error()));
    }
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

} // namespace gatehouse::gateway
