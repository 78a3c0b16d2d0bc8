#include "gateway/mcp/client_sessions.hpp"

#include "gateway/mcp/random_id.hpp"

namespace gatehouse::gateway {

ClientSessions::ClientSessions(const Clock& clock, std::size_t max_count,
                               std::chrono::milliseconds idle_max)
    : clock_(clock), max_count_(max_count), idle_max_(idle_max) {}

std::shared_ptr<ClientSession> ClientSessions::create(const PrincipalId& principal,
                                                      const VirtualServerName& virtual_server) {
    const SteadyTime now = clock_.steady_now();
    if (order_.size() >= max_count_) {
        spare_busy_ones(now);
        if (order_.empty() || now - order_.front()->last_used < idle_max_) {
            return nullptr;
        }
        remove(order_.front()->id);
    }
    auto session = std::make_shared<ClientSession>();
    session->id = SessionId(random_id());
    session->principal = principal;
    session->virtual_server = virtual_server;
    session->last_used = now;
    session->kept_total_bytes = kept_total_bytes_;
    sessions_[session->id.str()] = order_.insert(order_.end(), session);
    return session;
}

std::shared_ptr<ClientSession> ClientSessions::find(std::string_view id,
                                                    const PrincipalId& principal,
                                                    const VirtualServerName& virtual_server) {
    const auto found = sessions_.find(std::string(id));
    if (found == sessions_.end()) {
        return nullptr;
    }
    const std::shared_ptr<ClientSession> session = *found->second;
    if (session->principal != principal || session->virtual_server != virtual_server) {
        return nullptr;
    }
    session->last_used = clock_.steady_now();
    order_.splice(order_.end(), order_, found->second);
    return session;
}

// Those that look idle at the front, but have a call or a listener, go to the back.
void ClientSessions::spare_busy_ones(SteadyTime now) {
    while (!order_.empty() && now - order_.front()->last_used >= idle_max_ &&
           order_.front()->busy()) {
        order_.front()->last_used = now;
        order_.splice(order_.end(), order_, order_.begin());
    }
}

void ClientSessions::remove(const SessionId& id) {
    const auto found = sessions_.find(id.str());
    if (found != sessions_.end()) {
        const std::shared_ptr<ClientSession> session = *found->second;
        order_.erase(found->second);
        sessions_.erase(found);
        if (on_end_) {
            on_end_(*session);
        }
        session->close();
    }
}

std::shared_ptr<ClientSession> ClientSessions::peek(std::string_view id) const {
    const auto found = sessions_.find(std::string(id));
    return found == sessions_.end() ? nullptr : *found->second;
}

void ClientSessions::each(const std::function<void(ClientSession&)>& visit) const {
    for (const std::shared_ptr<ClientSession>& session : order_) {
        visit(*session);
    }
}

void ClientSessions::set_end_handler(std::function<void(ClientSession&)> handler) {
    on_end_ = std::move(handler);
}

} // namespace gatehouse::gateway
