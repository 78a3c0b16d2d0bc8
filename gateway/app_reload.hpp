// DaemonReloader: applies a changed configuration to the running daemon, all or nothing, touching
// only what changed. Asked by the admin API and by SIGHUP. One event loop.
#pragma once

#include "gateway/admin/admin_api.hpp"
#include "gateway/admin/reloader.hpp"
#include "gateway/app_service.hpp"
#include "gateway/config/gateway_config.hpp"
#include "gateway/journal/journal.hpp"
#include "gateway/pipeline/endpoint.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/supervisor/supervisor.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gatehouse::gateway {

class DaemonReloader final : public Reloader {
  public:
    // All outlive it.
    struct Parts {
        Executor executor;
        GatewayConfig& running; // what the daemon runs by; what was applied is written there
        Journal& journal;
        runtime::EventLog& events;
        runtime::Supervisor& supervisor;
        Policy& policy;
        McpEndpoint& endpoint;
        ServiceManager& service;
        std::function<void()> on_applied; // for what is shown of the configuration
    };
    explicit DaemonReloader(Parts parts) : parts_(std::move(parts)) {}

    // GH-N409: one is under way.
    Task<Result<ReloadReport>> reload() override;
    // The same for SIGHUP, journalled and logged here; one that comes while another is under way is
    // done after it.
    Task<void> reload_on_signal();

  private:
    class Busy;

    Task<Result<ReloadReport>> load_and_apply();
    Task<ReloadReport> apply(LoadedConfig loaded, Policy policy);
    struct Changed {
        bool policy = false;
        bool hosts = false; // public_url or allowed_hosts
    };
    void record(const ReloadReport& report, const VirtualServerChanges& servers, Changed changed);
    Error refuse(Error error);
    void tell_event(std::string text, std::optional<Error> cause);

    Parts parts_;
    bool busy_ = false;
    bool waiting_ = false; // SIGHUP came meanwhile
};

// What of `next` waits for a restart of the daemon, one sentence each; `next` gets the running
// value back, so that it stays known as different. Pure.
std::vector<std::string> keep_until_restart(const GatewayConfig& running, GatewayConfig& next);

} // namespace gatehouse::gateway
