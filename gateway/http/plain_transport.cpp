#include "gateway/http/transport.hpp"

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace gatehouse::gateway {

namespace {

using PlainSocket = asio::generic::stream_protocol::socket;

// One sendmsg takes at most this many pieces; the send queue asks again for the rest.
constexpr std::size_t plain_write_max_pieces = 64;

class PlainTransport final : public Transport {
  public:
    PlainTransport(Executor executor, UniqueFd socket, int family) : socket_(std::move(executor)) {
        boost::system::error_code error;
        socket_.assign(asio::generic::stream_protocol(family, 0), socket.get(), error);
        if (!error) {
            static_cast<void>(socket.release());
        }
    }

    void start_read(asio::mutable_buffer buffer, std::shared_ptr<TransportSink> sink) override {
        socket_.async_read_some(
            asio::buffer(buffer),
            [sink = std::move(sink)](boost::system::error_code error, std::size_t bytes) {
                sink->on_read(IoResult{bytes, error});
            });
    }

    IoResult try_write(std::span<const asio::const_buffer> buffers) override {
        std::array<iovec, plain_write_max_pieces> pieces;
        const std::size_t count = std::min(buffers.size(), pieces.size());
        for (std::size_t i = 0; i < count; ++i) {
            pieces[i] = iovec{const_cast<void*>(buffers[i].data()), buffers[i].size()};
        }
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        ssize_t sent = 0;
        do {
            sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        } while (sent < 0 && errno == EINTR);
        if (sent >= 0) {
            return IoResult{static_cast<std::size_t>(sent), {}};
        }
        return IoResult{0, boost::system::error_code(errno, boost::system::system_category())};
    }

    void wait_writable(std::shared_ptr<TransportSink> sink) override {
        socket_.async_wait(PlainSocket::wait_write,
                           [sink = std::move(sink)](boost::system::error_code error) {
                               sink->on_writable(error);
                           });
    }

    void cancel() override {
        boost::system::error_code ignored;
        socket_.cancel(ignored);
    }

    void shutdown_send() override {
        boost::system::error_code ignored;
        socket_.shutdown(PlainSocket::shutdown_send, ignored);
    }

    void close() override {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    bool is_open() const override { return socket_.is_open(); }

  private:
    PlainSocket socket_;
};

} // namespace

std::unique_ptr<Transport> make_plain_transport(Executor executor, UniqueFd socket, int family) {
    return std::make_unique<PlainTransport>(std::move(executor), std::move(socket), family);
}

} // namespace gatehouse::gateway
