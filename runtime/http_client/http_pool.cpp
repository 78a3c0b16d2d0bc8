#include "runtime/http_client/http_pool.hpp"

#include "runtime/http_client/http_failures.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace gatehouse::runtime {

bool HttpConnection::quiet() const {
    char byte = 0;
    const ssize_t got =
        ::recv(stream->native_handle(), &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::optional<TcpFacts> HttpConnection::facts() const {
    return tcp_facts_of(stream->native_handle());
}

std::unique_ptr<HttpConnection> HttpPool::take_idle() {
    while (!idle_.empty()) {
        std::unique_ptr<HttpConnection> connection = std::move(idle_.back());
        idle_.pop_back();
        // A byte nobody asked for, a TLS farewell or an end of stream: not worth keeping.
        if (connection->quiet()) {
            return connection;
        }
    }
    return nullptr;
}

Task<Result<std::unique_ptr<HttpConnection>>> HttpPool::open(std::shared_ptr<WaitLimit> limit) {
    if (*open_count_ >= options_.connections_max_count && !idle_.empty()) {
        idle_.pop_front();
    }
    if (*open_count_ >= options_.connections_max_count) {
        co_return http_failures::too_many_connections(target_, options_.connections_max_count);
    }
    OpenConnection counted(open_count_);
    auto dialling = dialler_.dial(std::move(limit));
    Result<std::shared_ptr<ByteStream>> stream = co_await std::move(dialling);
    if (!stream) {
        co_return std::move(stream).error();
    }
    co_return std::make_unique<HttpConnection>(std::move(*stream), std::move(counted));
}

void HttpPool::give_back(std::unique_ptr<HttpConnection> connection) {
    if (closed_ || options_.idle_max <= std::chrono::milliseconds::zero()) {
        return;
    }
    connection->buffer = std::vector<char>(); // an idle connection is small
    connection->begin = connection->end = 0;
    connection->idle_since = std::chrono::steady_clock::now();
    idle_.push_back(std::move(connection));
    arm_timer();
}

void HttpPool::close() {
    closed_ = true;
    idle_.clear();
    timer_.cancel();
}

void HttpPool::arm_timer() {
    if (timer_armed_ || idle_.empty()) {
        return;
    }
    timer_armed_ = true;
    timer_.expires_at(idle_.front()->idle_since + options_.idle_max);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code) {
        const auto self = weak.lock();
        if (!self) {
            return;
        }
        self->timer_armed_ = false;
        const SteadyTime limit = std::chrono::steady_clock::now() - self->options_.idle_max;
        self->idle_.remove_if([limit](const auto& kept) { return kept->idle_since <= limit; });
        self->arm_timer();
    });
}

} // namespace gatehouse::runtime
