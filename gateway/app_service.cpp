#include "gateway/app_service.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <cstdlib>
#include <map>
#include <string_view>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <tuple>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto status_interval = std::chrono::seconds(5); // at most so often
constexpr auto status_look_interval = std::chrono::seconds(1);
constexpr auto status_stale_after = std::chrono::seconds(30);

void tell(const std::string& message) {
    const int sent = sd_notify(0, message.c_str());
    if (sent < 0) {
        log_warn("the service manager cannot be told '" + message.substr(0, 40) +
                 "': " + errno_text(-sent));
    }
}

Error bad_socket(const std::string& what, const std::string& why) {
    return Error{"GH-C520", "a passed socket cannot be used", what, why,
                 "pass at most one TCP socket (FileDescriptorName=client) and one unix socket "
                 "(FileDescriptorName=admin)"};
}

Result<void> sort_in(UniqueFd fd, std::string_view name, PassedSockets& sockets) {
    const bool is_unix = sd_is_socket(fd.get(), AF_UNIX, SOCK_STREAM, 1) > 0;
    const bool is_tcp = sd_is_socket(fd.get(), AF_INET, SOCK_STREAM, 1) > 0 ||
                        sd_is_socket(fd.get(), AF_INET6, SOCK_STREAM, 1) > 0;
    const std::string label =
        "descriptor " + std::to_string(fd.get()) + " (" + std::string(name) + ")";
    if (!is_unix && !is_tcp) {
        return bad_socket(label, "it is no listening stream socket, TCP or unix");
    }
    // An admin API on TCP would answer nobody, and a client listener on unix knows no addresses.
    if ((name == "admin" && !is_unix) || (name == "client" && !is_tcp)) {
        return bad_socket(label, is_unix ? "the client listener is TCP"
                                         : "the admin listener is a unix socket");
    }
    UniqueFd& place = is_unix ? sockets.admin : sockets.client;
    if (place) {
        return bad_socket(label, "there is another one of its kind");
    }
    place = std::move(fd);
    return {};
}

} // namespace

Result<PassedSockets> take_passed_sockets() {
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    PassedSockets sockets;
    Result<void> sorted;
    for (int i = 0; i < count; ++i) {
        UniqueFd fd(SD_LISTEN_FDS_START + i);
        const std::string name = names != nullptr ? names[i] : "";
        if (sorted) {
            sorted = sort_in(std::move(fd), name, sockets);
        }
        std::free(names != nullptr ? names[i] : nullptr);
    }
    std::free(names);
    if (!sorted) {
        return std::move(sorted).error();
    }
    return sockets;
}

std::string status_line(const std::vector<runtime::ConnectorStatus>& connectors) {
    std::map<std::string, int> counts;
    for (const runtime::ConnectorStatus& connector : connectors) {
        ++counts[connector.health];
    }
    // The good ones first, then the most frequent.
    std::vector<std::pair<std::string, int>> words(counts.begin(), counts.end());
    std::ranges::sort(words, [](const auto& a, const auto& b) {
        const bool a_good = a.first == "healthy", b_good = b.first == "healthy";
        return std::tuple(!a_good, -a.second, a.first) < std::tuple(!b_good, -b.second, b.first);
    });
    std::string text =
        std::to_string(connectors.size()) + (connectors.size() == 1 ? " connector" : " connectors");
    for (std::size_t i = 0; i < words.size(); ++i) {
        text += (i == 0 ? ": " : ", ") + std::to_string(words[i].second) + " " + words[i].first;
    }
    return text;
}

ServiceManager::ServiceManager(Executor executor)
    : timer_(std::move(executor)), listened_to_(std::getenv("NOTIFY_SOCKET") != nullptr) {
    std::uint64_t period_us = 0;
    if (sd_watchdog_enabled(1, &period_us) > 0) {
        watchdog_ = std::chrono::microseconds(period_us);
    }
}

void ServiceManager::ready() {
    if (!ending_) {
        tell("READY=1");
    }
}

void ServiceManager::reloading() {
    if (ending_) {
        return;
    }
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    const auto now_us = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000;
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now_us));
}

void ServiceManager::stopping() {
    ending_ = true;
    tell("STOPPING=1\nSTATUS=stopping: calls in flight are finished");
}

Task<void> ServiceManager::run(Status status) {
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    std::chrono::microseconds step = status_look_interval;
    if (watchdog_) {
        step = std::min(step, *watchdog_ / 2);
    }
    while (listened_to_ && !stopped_) {
        if (watchdog_) {
            tell("WATCHDOG=1");
        }
        tell_status(status, std::chrono::steady_clock::now());
        timer_.expires_after(step);
        co_await timer_.async_wait(token);
    }
}

void ServiceManager::tell_status(const Status& status, SteadyTime now) {
    if (ending_ || now < status_due_) {
        return;
    }
    const std::uint64_t changes = status.changes();
    if (last_changes_ == changes && now < status_stale_) {
        return;
    }
    last_changes_ = changes;
    status_stale_ = now + status_stale_after;
    std::string text = status.text();
    if (text != last_status_) {
        tell("STATUS=" + text);
        last_status_ = std::move(text);
        status_due_ = now + status_interval;
    }
}

void ServiceManager::stop() {
    stopped_ = true;
    timer_.cancel();
}

} // namespace gatehouse::gateway
