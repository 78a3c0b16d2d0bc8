#include "gateway/app.hpp"

#include "gateway/app_daemon.hpp"
#include "runtime/base/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <csignal>
#include <cstring>
#include <iostream>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto client_grace = std::chrono::seconds(10);
constexpr auto admin_grace = std::chrono::seconds(2);
constexpr auto tidy_interval = std::chrono::minutes(10);

int fail(const Error& error) {
    std::cerr << "gatehouse: " << to_text(error) << std::endl;
    return 1;
}

} // namespace

void Daemon::start() {
    record("daemon.start");
    tell_event("start", std::string("gatehouse ") + GATEHOUSE_VERSION + " started with " +
                            std::to_string(specs_.size()) +
                            (specs_.size() == 1 ? " connector" : " connectors"));
    parts_running_ = 3;
    tasks_.spawn("client listener", serve_clients());
    tasks_.spawn("admin listener", serve_admin());
    tasks_.spawn("supervisor", supervise());
    tasks_.spawn("signals", serve_until_signal());
    tasks_.spawn("service manager", tell_service_manager());
    tasks_.spawn("log retention", tidy_logs());
    std::cout << "gatehouse: ready" << std::endl;
    service_.ready();
}

Task<void> Daemon::serve_clients() {
    co_await client_server_->run();
    part_ended();
}

Task<void> Daemon::serve_admin() {
    co_await admin_server_->run();
    part_ended();
}

Task<void> Daemon::supervise() {
    co_await supervisor_->run();
    part_ended();
}

Task<void> Daemon::tell_service_manager() {
    ServiceManager::Status status;
    status.text = [this] { return status_line(supervisor_->statuses()); };
    status.changes = [this] { return events_->last_seq(); };
    return service_.run(std::move(status));
}

// The watchdog is fed until the last one has drained.
void Daemon::part_ended() {
    if (--parts_running_ == 0) {
        service_.stop();
        tidy_timer_.cancel();
    }
}

// Logs that no longer grow age too.
Task<void> Daemon::tidy_logs() {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    while (parts_running_ > 0) {
        logs_.tidy();
        tidy_timer_.expires_after(tidy_interval);
        co_await tidy_timer_.async_wait(token);
    }
}

Task<void> Daemon::serve_until_signal() {
    boost::system::error_code problem;
    auto token = asio::redirect_error(asio::use_awaitable, problem);
    int signal_number = SIGHUP;
    while (signal_number == SIGHUP) {
        signal_number = co_await signals_.async_wait(token);
        if (signal_number == SIGHUP) {
            tasks_.spawn("reload", reloader_->reload_on_signal());
        }
    }
    log_info("stopping: " + std::string(::strsignal(signal_number)));
    service_.stopping();
    record("daemon.stop");
    tell_event("stop", "stopping: " + std::string(::strsignal(signal_number)));
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
    journal_->append_later(record);
}

void Daemon::tell_event(std::string to, std::string text) {
    runtime::Event event;
    event.kind = runtime::EventKind::daemon;
    event.to = std::move(to);
    event.text = std::move(text);
    events_->append(std::move(event));
}

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
