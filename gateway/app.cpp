#include "gateway/app.hpp"

#include "gateway/admin/admin_api.hpp"
#include "gateway/app_folder.hpp"
#include "gateway/config/gateway_config.hpp"
#include "gateway/pipeline/endpoint.hpp"
#include "runtime/base/log.hpp"
#include "runtime/supervisor/supervisor.hpp"
#include "sandbox/features.hpp"
#include "sandbox/launcher.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <optional>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto client_grace = std::chrono::seconds(10);
constexpr auto admin_grace = std::chrono::seconds(2);

int fail(const Error& error) {
    std::cerr << "gatehouse: " << to_text(error) << std::endl;
    return 1;
}

// Everything the daemon is made of, in the order it is built; destroyed in the reverse order.
class Daemon {
  public:
    Daemon(asio::io_context& loop, LoadedConfig loaded)
        : executor_(loop.get_executor()), config_(std::move(loaded.gateway)),
          specs_(std::move(loaded.connectors)), logs_(clock_, config_.data / "logs"),
          signals_(executor_, SIGTERM, SIGINT), tasks_(executor_) {}

    // Opens and wires all parts; on an error nothing runs yet.
    Result<void> open();
    void start();
    const Clock& clock() const { return clock_; }

  private:
    Result<void> open_stores();
    Result<void> open_listeners();
    void wire();
    Task<void> serve_until_signal();
    Task<void> serve_clients() { co_await client_server_->run(); }
    Task<void> serve_admin() { co_await admin_server_->run(); }
    Task<void> supervise() { co_await supervisor_->run(); }
    void record(std::string action);

    Executor executor_;
    SystemClock clock_;
    GatewayConfig config_;
    std::vector<runtime::ConnectorSpec> specs_;
    UniqueFd lock_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<AgentRegistry> agents_;
    std::unique_ptr<Vault> vault_;
    std::unique_ptr<Journal> journal_;
    runtime::LogStore logs_;
    std::unique_ptr<sandbox::Launcher> launcher_;
    std::unique_ptr<runtime::Supervisor> supervisor_;
    std::optional<Policy> policy_;
    std::unique_ptr<McpEndpoint> endpoint_;
    std::unique_ptr<HttpServer> client_server_;
    std::unique_ptr<SupervisorControl> control_;
    std::unique_ptr<AdminApi> admin_;
    std::unique_ptr<HttpServer> admin_server_;
    asio::signal_set signals_;
    TaskGroup tasks_;
};

Result<void> Daemon::open() {
    auto lock = lock_data_folder(config_.data);
    if (!lock) {
        return std::move(lock).error();
    }
    lock_ = std::move(*lock);
    if (auto opened = open_stores(); !opened) {
        return opened;
    }
    const auto jail =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "gatehouse-jail";
    auto launcher = sandbox::Launcher::make(executor_, jail);
    if (!launcher) {
        return std::move(launcher).error();
    }
    launcher_ = std::move(*launcher);
    auto policy = Policy::compile(config_.policy);
    if (!policy) {
        return std::move(policy).error();
    }
    policy_.emplace(std::move(*policy));
    wire();
    return open_listeners();
}

Result<void> Daemon::open_stores() {
    auto store = Store::open(config_.data / "store.sqlite");
    if (!store) {
        return std::move(store).error();
    }
    store_ = std::move(*store);
    auto agents = AgentRegistry::open(*store_, clock_);
    if (!agents) {
        return std::move(agents).error();
    }
    agents_ = std::move(*agents);
    auto vault = Vault::open(*store_, clock_, config_.vault_key);
    if (!vault) {
        return std::move(vault).error();
    }
    vault_ = std::move(*vault);
    JournalOptions options;
    options.folder = config_.data / "journal";
    options.sync_to_disk = config_.durability == AuditDurability::disk;
    auto journal = Journal::open(executor_, clock_, std::move(options));
    if (!journal) {
        return std::move(journal).error();
    }
    journal_ = std::move(*journal);
    return {};
}

void Daemon::wire() {
    runtime::SupervisorOptions options;
    options.state_folder = config_.data / "state";
    options.frame_max_bytes = config_.limits.result_bytes;
    supervisor_ = std::make_unique<runtime::Supervisor>(executor_, clock_, *launcher_, *vault_,
                                                        logs_, specs_, std::move(options));
    const CallServices services{clock_,    *policy_,     *vault_,
                                *journal_, *supervisor_, config_.limits.calls_in_flight};
    endpoint_ = std::make_unique<McpEndpoint>(executor_, config_, *agents_, services);
    supervisor_->set_observer(&endpoint_->observer());
    HttpLimits limits;
    limits.body_max_bytes = config_.limits.body_bytes;
    client_server_ = std::make_unique<HttpServer>(executor_, *endpoint_, limits);
    control_ = std::make_unique<SupervisorControl>(*supervisor_, logs_);
}

Result<void> Daemon::open_listeners() {
    if (auto bound = client_server_->listen_tcp(config_.listen_host, config_.listen_port); !bound) {
        return bound;
    }
    const std::string address =
        "http://" + config_.listen_host + ":" + std::to_string(client_server_->port());
    DaemonFacts facts;
    facts.endpoint =
        config_.listen_port == 0 || config_.public_url.empty() ? address : config_.public_url;
    for (const VirtualServerConfig& one : config_.virtual_servers) {
        facts.virtual_servers.push_back(one.name.str());
    }
    facts.mode = sandbox::feature_lines(sandbox::probe_features());
    facts.config_file = config_.file.string();
    facts.data = config_.data.string();
    facts.started_at = clock_.wall_now();
    const AdminParts parts{*control_, *agents_, *vault_, *journal_, clock_};
    admin_ = std::make_unique<AdminApi>(executor_, parts, std::move(facts));
    admin_server_ = std::make_unique<HttpServer>(executor_, *admin_, HttpLimits{});
    if (auto bound = admin_server_->listen_unix(config_.admin_socket); !bound) {
        return bound;
    }
    std::cout << "gatehouse: listening on " << address << std::endl;
    return {};
}

void Daemon::start() {
    record("daemon.start");
    tasks_.spawn("client listener", serve_clients());
    tasks_.spawn("admin listener", serve_admin());
    tasks_.spawn("supervisor", supervise());
    tasks_.spawn("signals", serve_until_signal());
    std::cout << "gatehouse: ready" << std::endl;
}

Task<void> Daemon::serve_until_signal() {
    boost::system::error_code problem;
    auto token = asio::redirect_error(asio::use_awaitable, problem);
    const int signal_number = co_await signals_.async_wait(token);
    log_info("stopping: " + std::string(::strsignal(signal_number)));
    record("daemon.stop");
    endpoint_->stop();
    client_server_->stop(client_grace);
    supervisor_->stop();
    admin_->stop();
    admin_server_->stop(admin_grace);
    co_await endpoint_->join();
    supervisor_->set_observer(nullptr);
}

void Daemon::record(std::string action) {
    JournalRecord record;
    record.kind = RecordKind::daemon;
    record.action = std::move(action);
    record.target = GATEHOUSE_VERSION;
    journal_->append_later(std::move(record));
}

} // namespace

int run_daemon(const std::filesystem::path& config_file) {
    auto loaded = load_config(config_file);
    if (const auto* issues = std::get_if<runtime::Issues>(&loaded)) {
        for (const runtime::Issue& issue : *issues) {
            std::cerr << to_text(issue) << "\n";
        }
        std::cerr << "gatehouse: " << issues->size()
                  << (issues->size() == 1 ? " problem" : " problems")
                  << " in the configuration; nothing was started" << std::endl;
        return 9;
    }
    asio::io_context loop(1);
    Daemon daemon(loop, std::get<LoadedConfig>(std::move(loaded)));
    if (auto opened = daemon.open(); !opened) {
        return fail(opened.error());
    }
    daemon.start();
    loop.run();
    log_info("stopped");
    return 0;
}

} // namespace gatehouse::gateway
