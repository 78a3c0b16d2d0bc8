#include "runtime/http_client/byte_stream.hpp"
#include "runtime/http_client/own_socket.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace gatehouse::runtime {

namespace {

class PlainStream final : public ByteStream {
  public:
    PlainStream(const Executor& executor, UniqueFd socket)
        : socket_(adopt_socket(executor, std::move(socket))) {}

    Task<StreamRead> read_some(asio::mutable_buffer buffer) override {
        StreamRead read;
        auto token = asio::redirect_error(asio::use_awaitable, read.error);
        auto target = asio::buffer(buffer);
        read.bytes = co_await socket_.async_read_some(target, token);
        co_return read;
    }

    Task<boost::system::error_code> write(WriteBuffers buffers) override {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        co_await asio::async_write(socket_, buffers, token);
        co_return error;
    }

    void close() override {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    int native_handle() override { return socket_.native_handle(); }

  private:
    StreamSocket socket_;
};

} // namespace

std::shared_ptr<ByteStream> make_plain_stream(const Executor& executor, UniqueFd socket) {
    return std::make_shared<PlainStream>(executor, std::move(socket));
}

} // namespace gatehouse::runtime
