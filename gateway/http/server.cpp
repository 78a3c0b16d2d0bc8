#include "gateway/http/server.hpp"

#include "gateway/http/connection.hpp"
#include "gateway/http/listening_socket.hpp"
#include "gateway/http/reply_head.hpp"
#include "runtime/base/log.hpp"
#include "runtime/base/task_group.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace gatehouse::gateway {

namespace {

// A flood of new clients must not starve those that are served.
constexpr int accept_max_per_turn = 64;
// Out of descriptors: waiting is all that helps.
constexpr std::chrono::milliseconds accept_pause{100};

// How late a deadline may be noticed: a second, or less if the limits themselves are short.
std::chrono::milliseconds sweep_interval(const HttpLimits& limits) {
    const auto shortest = std::min(limits.head_deadline, limits.idle_deadline) / 4;
    return std::clamp<std::chrono::milliseconds>(shortest, std::chrono::milliseconds(10),
                                                 std::chrono::seconds(1));
}

// Accepts are waited for through a duplicate-free view of the listening descriptor.
struct HttpListener {
    HttpListener(Executor executor, ListeningSocket listening)
        : socket(std::move(listening)), readiness(std::move(executor), socket.fd.get()) {}
    ~HttpListener() { close(); }
    HttpListener(const HttpListener&) = delete;
    HttpListener& operator=(const HttpListener&) = delete;

    void close() {
        if (readiness.is_open()) {
            static_cast<void>(readiness.release());
        }
        close_listening_socket(socket);
    }

    ListeningSocket socket;
    asio::posix::stream_descriptor readiness;
};

} // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
    Impl(Executor loop, HttpHandler& handler, HttpLimits limits)
        : executor(loop), context(std::make_shared<ConnectionContext>(
                              ConnectionContext{loop, handler, limits, {}, {}, false})),
          sweep_timer(loop), pause_timer(loop), grace_timer(loop), accepting(loop), sweeping(loop),
          connections(loop) {}

    static Task<void> accept_loop(std::shared_ptr<Impl> self, HttpListener& listener);
    static Task<void> sweep_loop(std::shared_ptr<Impl> self);
    bool accept_some(HttpListener& listener);
    void admit(AcceptedSocket accepted, int family);
    void sweep();
    void abort_all();

    Executor executor;
    std::shared_ptr<ConnectionContext> context;
    std::vector<std::unique_ptr<HttpListener>> listeners;
    asio::steady_timer sweep_timer;
    asio::steady_timer pause_timer;
    asio::steady_timer grace_timer;
    bool sweep_ended = false;
    bool pause_logged = false;
    TaskGroup accepting;
    TaskGroup sweeping;
    TaskGroup connections;
};

Task<void> HttpServer::Impl::accept_loop(std::shared_ptr<Impl> self, HttpListener& listener) {
    boost::system::error_code error;
    auto token = asio::redirect_error(asio::use_awaitable, error);
    while (!self->context->stopping) {
        co_await listener.readiness.async_wait(asio::posix::stream_descriptor::wait_read, token);
        if (self->context->stopping || error) {
            break;
        }
        if (!self->accept_some(listener)) {
            self->pause_timer.expires_after(accept_pause);
            co_await self->pause_timer.async_wait(token);
        }
    }
}

// False: the process or the machine has no descriptor left.
bool HttpServer::Impl::accept_some(HttpListener& listener) {
    for (int i = 0; i < accept_max_per_turn; ++i) {
        AcceptedSocket accepted = accept_from(listener.socket);
        if (accepted.fd) {
            pause_logged = false;
            admit(std::move(accepted), listener.socket.family);
            continue;
        }
        const int number = accepted.error_number;
        if (number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS) {
            if (!std::exchange(pause_logged, true)) {
                log_warn("clients wait because no connection can be accepted: " +
                         errno_text(number) + "; raise the limit of open files (ulimit -n)");
            }
            return false;
        }
        if (number == EAGAIN) {
            break;
        }
    }
    return true;
}

void HttpServer::Impl::admit(AcceptedSocket accepted, int family) {
    if (!accepted.allowed) {
        log_warn("a connection of " + accepted.peer +
                 " to the admin socket was refused: it belongs to another user");
        return;
    }
    if (context->connections.size() >= context->limits.connections_max_count) {
        const std::string text = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n"
                                 "Retry-After: 1\r\nConnection: close\r\n\r\n";
        static_cast<void>(
            ::send(accepted.fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
        return;
    }
    auto transport = make_plain_transport(executor, std::move(accepted.fd), family);
    if (!transport->is_open()) {
        return;
    }
    auto connection =
        std::make_shared<Connection>(context, std::move(transport), std::move(accepted.peer));
    connections.spawn("http connection", Connection::run(std::move(connection)));
}

Task<void> HttpServer::Impl::sweep_loop(std::shared_ptr<Impl> self) {
    const auto interval = sweep_interval(self->context->limits);
    boost::system::error_code ignored;
    auto token = asio::redirect_error(asio::use_awaitable, ignored);
    while (!self->sweep_ended) {
        self->sweep();
        self->sweep_timer.expires_after(interval);
        co_await self->sweep_timer.async_wait(token);
    }
}

// One timer for all connections, because a timer operation per request would cost more than the
// request.
void HttpServer::Impl::sweep() {
    context->date = http_date_text(std::chrono::system_clock::now());
    const SteadyTime now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<Connection>> due;
    for (Connection* connection : context->connections) {
        if (connection->is_due(now)) {
            due.push_back(connection->shared_from_this());
        }
    }
    for (const auto& connection : due) {
        connection->expire(now);
    }
}

void HttpServer::Impl::abort_all() {
    std::vector<std::shared_ptr<Connection>> open;
    for (Connection* connection : context->connections) {
        open.push_back(connection->shared_from_this());
    }
    for (const auto& connection : open) {
        connection->abort();
    }
    connections.stop();
}

HttpServer::HttpServer(Executor executor, HttpHandler& handler, HttpLimits limits)
    : impl_(std::make_shared<Impl>(std::move(executor), handler, limits)) {}

HttpServer::~HttpServer() = default;

Result<void> HttpServer::listen_tcp(const std::string& host, std::uint16_t port) {
    auto opened = open_tcp_socket(host, port);
    if (!opened) {
        return std::move(opened).error();
    }
    impl_->listeners.push_back(
        std::make_unique<HttpListener>(impl_->executor, std::move(opened).value()));
    return {};
}

Result<void> HttpServer::listen_unix(const std::filesystem::path& path) {
    auto opened = open_unix_socket(path);
    if (!opened) {
        return std::move(opened).error();
    }
    impl_->listeners.push_back(
        std::make_unique<HttpListener>(impl_->executor, std::move(opened).value()));
    return {};
}

Result<void> HttpServer::listen_fd(UniqueFd fd) {
    auto adopted = adopt_listening_socket(std::move(fd));
    if (!adopted) {
        return std::move(adopted).error();
    }
    impl_->listeners.push_back(
        std::make_unique<HttpListener>(impl_->executor, std::move(adopted).value()));
    return {};
}

std::string HttpServer::tcp_address() const {
    for (const auto& listener : impl_->listeners) {
        if (listener->socket.port != 0) {
            return bound_address_text(listener->socket);
        }
    }
    return "";
}

std::uint16_t HttpServer::port() const {
    for (const auto& listener : impl_->listeners) {
        if (listener->socket.port != 0) {
            return listener->socket.port;
        }
    }
    return 0;
}

Task<void> HttpServer::run() {
    const std::shared_ptr<Impl> impl = impl_;
    if (impl->context->stopping) {
        co_return;
    }
    for (const auto& listener : impl->listeners) {
        impl->accepting.spawn("http accept", Impl::accept_loop(impl, *listener));
    }
    impl->sweeping.spawn("http sweep", Impl::sweep_loop(impl));
    co_await impl->accepting.join();
    co_await impl->connections.join();
    impl->grace_timer.cancel();
    impl->sweep_ended = true;
    impl->sweep_timer.cancel();
    co_await impl->sweeping.join();
}

void HttpServer::stop(std::chrono::milliseconds grace) {
    if (std::exchange(impl_->context->stopping, true)) {
        return;
    }
    for (const auto& listener : impl_->listeners) {
        listener->close();
    }
    impl_->pause_timer.cancel();
    for (Connection* connection : impl_->context->connections) {
        connection->close_if_idle();
    }
    impl_->grace_timer.expires_after(grace);
    impl_->grace_timer.async_wait(
        [weak = std::weak_ptr<Impl>(impl_)](boost::system::error_code error) {
            const auto impl = weak.lock();
            if (!error && impl) {
                impl->abort_all();
            }
        });
}

} // namespace gatehouse::gateway
