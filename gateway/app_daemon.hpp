// Daemon: everything `gatehouse serve` is made of, wired. The only place that knows all parts.
#pragma once

#include "gateway/admin/admin_api.hpp"
#include "gateway/app_reload.hpp"
#include "gateway/app_service.hpp"
#include "gateway/config/gateway_config.hpp"
#include "gateway/pipeline/endpoint.hpp"
#include "runtime/base/task_group.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/supervisor/crash_record.hpp"
#include "runtime/supervisor/supervisor.hpp"
#include "sandbox/launcher.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::gateway {

// In the order in which it is built; destroyed in the reverse order.
class Daemon {
  public:
    Daemon(asio::io_context& loop, LoadedConfig loaded);

    // Opens and wires all parts; on an error nothing runs yet.
    Result<void> open();
    // The loop runs until everything has ended, after SIGTERM or SIGINT.
    void start();

  private:
    Result<void> open_stores();
    Result<void> open_listeners();
    Result<void> listen_for_clients(UniqueFd passed);
    Result<void> listen_for_admins(UniqueFd passed);
    std::uint64_t calls_before() const;
    void wire();
    void wire_admin();
    DaemonFacts facts() const;
    std::string client_address() const;
    void show_configuration();

    Task<void> serve_until_signal();
    Task<void> serve_clients();
    Task<void> serve_admin();
    Task<void> supervise();
    Task<void> tell_service_manager();
    Task<void> tidy_logs();
    void part_ended();
    void record(std::string action);
    void tell_event(std::string to, std::string text);

    Executor executor_;
    SystemClock clock_;
    GatewayConfig config_;
    std::vector<runtime::ConnectorSpec> specs_; // of the start; a reload leaves them
    UniqueFd lock_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<AgentRegistry> agents_;
    std::unique_ptr<Vault> vault_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<runtime::EventLog> events_;
    runtime::LogStore logs_;
    runtime::CrashStore crashes_;
    std::unique_ptr<sandbox::Launcher> launcher_;
    std::unique_ptr<runtime::Supervisor> supervisor_;
    std::optional<Policy> policy_;
    std::unique_ptr<McpEndpoint> endpoint_;
    std::unique_ptr<HttpServer> client_server_;
    std::unique_ptr<SupervisorControl> control_;
    ServiceManager service_;
    std::unique_ptr<DaemonReloader> reloader_;
    std::unique_ptr<AdminApi> admin_;
    std::unique_ptr<HttpServer> admin_server_;
    asio::signal_set signals_;
    asio::steady_timer tidy_timer_;
    int parts_running_ = 0; // listeners and supervisor
    TaskGroup tasks_;
};

} // namespace gatehouse::gateway
