// A new configuration for clients that are there already.
#include "gateway/pipeline/endpoint.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::gateway {

namespace {

bool welcomes(const VirtualServer& server, const PrincipalId& principal) {
    constexpr std::string_view agent = "agent:";
    const std::string_view id = principal.str();
    return audience_contains(server.config().audience,
                             id.starts_with(agent) ? id.substr(agent.size()) : id);
}

bool is_named(const std::vector<VirtualServerConfig>& servers, std::string_view name) {
    return std::ranges::any_of(
        servers, [name](const VirtualServerConfig& one) { return one.name.str() == name; });
}

} // namespace

VirtualServerChanges McpEndpoint::reconfigure(const GatewayConfig& config) {
    VirtualServerChanges changes;
    host_check_ = HostCheck(config.public_url, config.allowed_hosts);
    for (auto entry = servers_.begin(); entry != servers_.end();) {
        if (is_named(config.virtual_servers, entry->first)) {
            ++entry;
            continue;
        }
        // Requests in flight keep it alive; from here on nobody finds it.
        const std::shared_ptr<VirtualServer> server = entry->second;
        changes.removed.push_back(entry->first);
        entry = servers_.erase(entry);
        end_clients_of(*server);
    }
    for (const VirtualServerConfig& one : config.virtual_servers) {
        const auto known = servers_.find(one.name.str());
        if (known == servers_.end()) {
            changes.added.push_back(one.name.str());
            servers_.emplace(one.name.str(),
                             std::make_shared<VirtualServer>(executor_, one, directory_));
        } else if (!(known->second->config() == one)) {
            changes.changed.push_back(one.name.str());
            VirtualServer& server = *known->second;
            server.reconfigure(one);
            end_strangers_of(server);
            notices_.tell_lists_changed(&server);
        }
    }
    std::ranges::sort(changes.added);
    std::ranges::sort(changes.changed);
    return changes;
}

void McpEndpoint::end_agent(const PrincipalId& agent) {
    std::vector<SessionId> ended;
    sessions_.each([&](ClientSession& session) {
        if (session.principal == agent) {
            ended.push_back(session.id);
        }
    });
    for (const SessionId& id : ended) {
        sessions_.remove(id);
    }
    subscriptions_.end_some(
        [&](const Listener& listener) { return listener.request().principal().id() == agent; });
}

void McpEndpoint::tell_lists_changed() {
    notices_.tell_lists_changed(nullptr);
}

void McpEndpoint::end_clients_of(const VirtualServer& server) {
    std::vector<SessionId> ended;
    sessions_.each([&](ClientSession& session) {
        if (session.virtual_server == server.config().name) {
            ended.push_back(session.id);
        }
    });
    for (const SessionId& id : ended) {
        sessions_.remove(id);
    }
    subscriptions_.end_some(
        [&](const Listener& listener) { return &listener.request().server() == &server; });
}

void McpEndpoint::end_strangers_of(const VirtualServer& server) {
    std::vector<SessionId> ended;
    sessions_.each([&](ClientSession& session) {
        if (session.virtual_server == server.config().name &&
            !welcomes(server, session.principal)) {
            ended.push_back(session.id);
        }
    });
    for (const SessionId& id : ended) {
        sessions_.remove(id);
    }
    subscriptions_.end_some([&](const Listener& listener) {
        return &listener.request().server() == &server &&
               !welcomes(server, listener.request().principal().id());
    });
}

} // namespace gatehouse::gateway
