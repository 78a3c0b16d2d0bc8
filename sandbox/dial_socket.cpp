#include "sandbox/dial_socket.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace gatehouse::sandbox {
namespace {

int socket_option(int fd, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool is_decided(int fd) {
    pollfd watched = {fd, POLLOUT, 0};
    return poll(&watched, 1, 0) == 1;
}

// Until the kernel has an answer or the deadline has passed. The descriptor is shared with the
// timer's handler, which may run after the wait.
Task<UniqueFd> wait_for_answer(Executor executor, UniqueFd socket,
                               std::chrono::steady_clock::time_point deadline) {
    auto stream = std::make_shared<asio::posix::stream_descriptor>(executor);
    boost::system::error_code failure;
    stream->assign(socket.get(), failure);
    if (failure) {
        co_return socket; // it is not decided, and is told as timed out
    }
    (void)socket.release();
    asio::steady_timer timer(executor, deadline);
    timer.async_wait([stream](boost::system::error_code error) {
        if (!error) {
            boost::system::error_code ignored;
            stream->cancel(ignored);
        }
    });
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    co_await stream->async_wait(asio::posix::stream_descriptor::wait_write, token);
    timer.cancel();
    co_return UniqueFd(stream->release());
}

// A port of the ephemeral range on which nobody listens can be the one that the kernel chose for
// the socket itself: TCP then connects it to itself.
bool met_itself(int fd, bool& connected) {
    sockaddr_storage own = {};
    sockaddr_storage peer = {};
    socklen_t own_size = sizeof own;
    socklen_t peer_size = sizeof peer;
    connected = getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
                getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
    return connected && own_size == peer_size && std::memcmp(&own, &peer, own_size) == 0;
}

// Closing such a socket in the ordinary way would keep the port for a minute, and the connector
// could not listen on it.
void reset_on_close(int fd) {
    const linger at_once = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

// 0, or why the socket is of no use.
int settle(int fd) {
    if (const int error_number = socket_option(fd, SO_ERROR); error_number != 0) {
        return error_number > 0 ? error_number : EPROTO;
    }
    bool connected = false;
    if (met_itself(fd, connected)) {
        reset_on_close(fd);
        return ECONNREFUSED;
    }
    const int flags = fcntl(fd, F_GETFL);
    const int one = 1;
    if (!connected || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) {
        return EPROTO;
    }
    return 0;
}

} // namespace

bool is_stream_socket(int fd, int family) {
    return socket_option(fd, SO_DOMAIN) == family && socket_option(fd, SO_TYPE) == SOCK_STREAM &&
           socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP;
}

Task<DialAnswer> finish_connect(Executor executor, UniqueFd socket,
                                std::chrono::steady_clock::time_point deadline) {
    DialAnswer answer;
    if (!is_decided(socket.get())) { // on a loopback it nearly always is
        auto waiting = wait_for_answer(executor, std::move(socket), deadline);
        socket = co_await std::move(waiting);
    }
    answer.error_number = is_decided(socket.get()) ? settle(socket.get()) : ETIMEDOUT;
    if (answer.error_number == 0) {
        answer.socket = std::move(socket);
    }
    co_return answer;
}

} // namespace gatehouse::sandbox
