// NoticeHub: what connectors say outside of any call, brought to those clients that may see it and
// want it. Nothing of an instance that belongs to one member or session reaches another's. List
// changes and resource updates are gathered for 50 ms, so that a chatty connector floods nobody.
// One event loop.
#pragma once

#include "gateway/mcp/client_sessions.hpp"
#include "gateway/pipeline/admission.hpp"
#include "gateway/pipeline/subscriptions.hpp"
#include "runtime/connector_directory.hpp"

#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

namespace gatehouse::gateway {

class NoticeHub final : public runtime::ConnectorObserver {
  public:
    NoticeHub(Executor executor, const VirtualServers& servers, ClientSessions& sessions,
              Subscriptions& subscriptions, const Calls& calls, const Policy& policy)
        : executor_(executor), servers_(servers), sessions_(sessions),
          subscriptions_(subscriptions), calls_(calls), policy_(policy), timer_(executor) {}

    void on_notice(const runtime::ConnectorNotice& notice) override;
    void on_unsolicited_input(const ConnectorName& connector, const runtime::InstanceOwner& owner,
                              std::shared_ptr<runtime::InputRequest> request) override;
    // All three lists may differ for clients of this virtual server; null: of every one.
    void tell_lists_changed(const VirtualServer* server);

  private:
    // Connector, principal and session of the instance's owner, method, URI of an update.
    using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
    struct Pending {
        ConnectorName connector;
        runtime::InstanceOwner owner;
        std::string method;
        std::string uri;
        std::string params;
    };

    void gather(const runtime::ConnectorNotice& notice);
    void flush();
    void tell_list_changed(const Pending& notice);
    void tell_updated(const Pending& notice);
    // Whether a reload since the subscription has not taken the resource away.
    bool may_still_read(const PrincipalId& principal, const VirtualServer& server,
                        const Pending& notice) const;
    void tell_log(const runtime::ConnectorNotice& notice);
    void tell_task_status(const runtime::ConnectorNotice& notice);
    void tell_task(const runtime::ConnectorNotice& notice);
    void tell_session(const runtime::InstanceOwner& owner, std::string_view method,
                      std::string_view params, MessageStream::Weight weight);
    // The sessions that use the connector and may see what this owner's instance says.
    template <class Visit>
    void each_session(const ConnectorName& connector, const runtime::InstanceOwner& owner,
                      const Visit& visit);
    template <class Visit>
    void each_listener(const ConnectorName& connector, const runtime::InstanceOwner& owner,
                       const Visit& visit);

    Executor executor_;
    const VirtualServers& servers_;
    ClientSessions& sessions_;
    Subscriptions& subscriptions_;
    const Calls& calls_;
    const Policy& policy_;
    std::map<Key, Pending> pending_;
    asio::steady_timer timer_;
    bool armed_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace gatehouse::gateway
