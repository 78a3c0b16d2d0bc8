// ConnectorDirectory: the only view the gateway has of connectors. The supervisor implements it;
// tests implement it with a fake. One event loop.
#pragma once

#include "runtime/base/error.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/catalogue.hpp"
#include "runtime/connector_call.hpp"
#include "runtime/instance_scope.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

// Whose instance something came from: nothing set on a shared one.
struct InstanceOwner {
    std::optional<PrincipalId> principal;
    std::string session; // empty unless the instance serves one client session
};

// What a connector said on its own, outside of any call. Views live for the call of the observer.
struct ConnectorNotice {
    const ConnectorName& connector;
    const InstanceOwner& owner; // only this owner's clients may see it; nothing set: all
    std::string_view method;    // "notifications/tools/list_changed", "notifications/message", …
    std::string_view params;    // raw JSON object, or empty
};

// The gateway's ear. list_changed comes after the catalogue was read again. notifications/message
// and unsolicited requests come only from instances that serve one client session.
class ConnectorObserver {
  public:
    virtual ~ConnectorObserver() = default;
    virtual void on_notice(const ConnectorNotice& notice) = 0;
    virtual void on_unsolicited_input(const ConnectorName& connector, const InstanceOwner& owner,
                                      std::shared_ptr<InputRequest> request) = 0;
};

class ConnectorDirectory {
  public:
    virtual ~ConnectorDirectory() = default;
    virtual bool contains(const ConnectorName& name) const = 0;
    // What was last seen of it, also while it sleeps or is down; null if it never started.
    virtual std::shared_ptr<const Catalogue> known_catalogue(const ConnectorName& name) const = 0;
    // The same as this caller's instance shows it, if it has its own; else as above, where
    // instances are not shared without resources (they may be another member's).
    virtual std::shared_ptr<const Catalogue> known_catalogue(const ConnectorName& name,
                                                             const Caller& caller) const {
        (void)caller;
        return known_catalogue(name);
    }
    // Starts it if needed and reads its lists. Errors: its cause code (GH-P3xx, GH-C5xx, GH-A1xx).
    virtual Task<Result<std::shared_ptr<const Catalogue>>>
    catalogue(ConnectorName name, std::chrono::milliseconds deadline) = 0;
    // Reads one list again if the connector runs and would not announce a change of it by itself.
    // Never starts it, never fails: afterwards known_catalogue() is as fresh as can be had.
    virtual Task<void> refresh(ConnectorName name, ListKind kind,
                               std::shared_ptr<const Caller> caller,
                               std::chrono::milliseconds deadline) {
        (void)name, (void)kind, (void)caller, (void)deadline;
        co_return;
    }
    // Where instances are not shared: starts the caller's own if its lists were not read yet, and
    // waits for them. Never fails; once a start failed, the next are not waited for longer than a
    // second.
    virtual Task<void> learn_own(ConnectorName name, std::shared_ptr<const Caller> caller,
                                 std::chrono::milliseconds deadline) {
        (void)name, (void)caller, (void)deadline;
        co_return;
    }
    // Starts it if needed and calls. Never throws.
    virtual Task<CallReply> call(ConnectorName name, std::shared_ptr<ConnectorCall> call) = 0;
    // Asks the caller's instance to tell of changes of a resource (counted; a new instance is asked
    // again by itself), until unwatch. The reply is the connector's to the subscription.
    virtual Task<CallReply> watch_resource(ConnectorName name, std::shared_ptr<const Caller> caller,
                                           std::string uri) {
        (void)name, (void)caller, (void)uri;
        CallReply none;
        none.failure = Error{"GH-N404", "subscriptions are not offered", "", "", ""};
        co_return none;
    }
    virtual void unwatch_resource(const ConnectorName& name, const Caller& caller,
                                  const std::string& uri) {
        (void)name, (void)caller, (void)uri;
    }
    // A client session ended: its own instances may stop, its subscriptions end.
    virtual void session_ended(const std::string& session) { (void)session; }
    // The client's roots changed: the instances that serve its session alone are told.
    virtual void roots_changed(const Caller& caller) { (void)caller; }
    // At most one; null ends it. It outlives the directory or is taken out before.
    virtual void set_observer(ConnectorObserver* observer) { (void)observer; }
    // Whether arguments are checked against the tool's schema (manifest: run.validate).
    virtual bool validates_arguments(const ConnectorName& name) const = 0;
    // The manifest's run.timeouts.call.
    virtual std::chrono::milliseconds call_timeout(const ConnectorName& name) const = 0;
    // The secrets it needs at launch (manifest: credentials[]).
    virtual std::vector<SecretName> required_secrets(const ConnectorName& name) const = 0;
};

} // namespace gatehouse::runtime
