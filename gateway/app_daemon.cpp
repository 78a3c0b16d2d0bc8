#include "gateway/app_daemon.hpp"

#include "gateway/app_folder.hpp"
#include "runtime/base/log.hpp"
#include "runtime/session/json_scan.hpp"
#include "sandbox/features.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <iostream>
#include <utility>

namespace gatehouse::gateway {

namespace {

// So many of the journal's last records are asked for the highest call id.
constexpr std::size_t asked_records_count = 256;

runtime::LogStoreOptions log_options(const GatewayLogs& logs) {
    runtime::LogStoreOptions options;
    options.host_max_bytes = logs.max_bytes;
    options.max_age = std::chrono::duration_cast<std::chrono::seconds>(logs.retention);
    return options;
}

std::uint64_t call_of(std::string_view line) {
    const auto raw = runtime::find_member(line, "call").value_or("");
    std::uint64_t id = 0;
    std::from_chars(raw.data(), raw.data() + raw.size(), id);
    return id;
}

} // namespace

Daemon::Daemon(asio::io_context& loop, LoadedConfig loaded)
    : executor_(loop.get_executor()), config_(std::move(loaded.gateway)),
      specs_(std::move(loaded.connectors)),
      logs_(clock_, config_.data / "logs", log_options(config_.logs)),
      crashes_(config_.data / "crashes"), service_(executor_),
      signals_(executor_, SIGTERM, SIGINT, SIGHUP), tidy_timer_(executor_), tasks_(executor_) {}

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
    auto events = runtime::EventLog::open(clock_, config_.data / "events");
    if (!events) {
        return std::move(events).error();
    }
    events_ = std::move(*events);
    return {};
}

// Every call that went on has a record, so the journal's seq rises at least as fast as call ids;
// calls that could not be recorded may have run ahead of it, and then the last records show it.
std::uint64_t Daemon::calls_before() const {
    std::uint64_t highest = journal_->last_seq();
    const auto lines = tail_journal(config_.data / "journal", asked_records_count);
    if (lines) {
        for (const std::string& line : *lines) {
            highest = std::max(highest, call_of(line));
        }
    }
    return highest;
}

void Daemon::wire() {
    runtime::SupervisorOptions options;
    options.state_folder = config_.data / "state";
    options.frame_max_bytes = config_.limits.result_bytes;
    options.events = events_.get();
    options.crash_folder = config_.data / "crashes";
    options.desired_file = config_.data / "desired.json";
    supervisor_ = std::make_unique<runtime::Supervisor>(executor_, clock_, *launcher_, *vault_,
                                                        logs_, specs_, std::move(options));
    CallServices services{clock_,    *policy_,     *vault_,
                          *journal_, *supervisor_, config_.limits.calls_in_flight};
    services.calls_before = calls_before();
    endpoint_ = std::make_unique<McpEndpoint>(executor_, config_, *agents_, services);
    supervisor_->set_observer(&endpoint_->observer());
    HttpLimits limits;
    limits.body_max_bytes = config_.limits.body_bytes;
    client_server_ = std::make_unique<HttpServer>(executor_, *endpoint_, limits);
    wire_admin();
}

void Daemon::wire_admin() {
    control_ = std::make_unique<SupervisorControl>(*supervisor_, logs_, events_.get(), &crashes_);
    reloader_ = std::make_unique<DaemonReloader>(
        DaemonReloader::Parts{executor_, config_, *journal_, *events_, *supervisor_, *policy_,
                              *endpoint_, service_, [this] { show_configuration(); }});
    AdminParts parts{*control_, *agents_, *vault_, *journal_, clock_};
    parts.reloader = reloader_.get();
    parts.tool_caller = &endpoint_->tool_caller();
    parts.on_agent_removed = [this](const PrincipalId& agent) { endpoint_->end_agent(agent); };
    admin_ = std::make_unique<AdminApi>(executor_, parts, facts());
    admin_server_ = std::make_unique<HttpServer>(executor_, *admin_, HttpLimits{});
}

Result<void> Daemon::open_listeners() {
    auto passed = take_passed_sockets();
    if (!passed) {
        return std::move(passed).error();
    }
    if (auto bound = listen_for_clients(std::move(passed->client)); !bound) {
        return bound;
    }
    if (auto bound = listen_for_admins(std::move(passed->admin)); !bound) {
        return bound;
    }
    show_configuration();
    std::cout << "gatehouse: listening on http://" << client_address() << std::endl;
    return {};
}

Result<void> Daemon::listen_for_clients(UniqueFd passed) {
    return passed ? client_server_->listen_fd(std::move(passed))
                  : client_server_->listen_tcp(config_.listen_host, config_.listen_port);
}

Result<void> Daemon::listen_for_admins(UniqueFd passed) {
    return passed ? admin_server_->listen_fd(std::move(passed))
                  : admin_server_->listen_unix(config_.admin_socket);
}

// As configured, where a name may stand for the address; of a passed socket as it is bound.
std::string Daemon::client_address() const {
    const std::uint16_t port = client_server_->port();
    const bool as_configured = config_.listen_port == 0 || config_.listen_port == port;
    return as_configured ? config_.listen_host + ":" + std::to_string(port)
                         : client_server_->tcp_address();
}

DaemonFacts Daemon::facts() const {
    DaemonFacts facts;
    facts.mode = sandbox::feature_lines(sandbox::probe_features());
    facts.config_file = config_.file.string();
    facts.data = config_.data.string();
    facts.started_at = clock_.wall_now();
    return facts;
}

void Daemon::show_configuration() {
    DaemonFacts& facts = admin_->facts();
    facts.endpoint = config_.listen_port == 0 || config_.public_url.empty()
                         ? "http://" + client_address()
                         : config_.public_url;
    facts.virtual_servers.clear();
    for (const VirtualServerConfig& one : config_.virtual_servers) {
        facts.virtual_servers.push_back(one.name.str());
    }
}

} // namespace gatehouse::gateway
