#include "runtime/supervisor/stderr_capture.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::chrono::seconds partial_line_max_age{1};

} // namespace

struct StderrCapture::Impl : std::enable_shared_from_this<Impl> {
    Impl(Executor executor, UniqueFd fd, std::function<void(const std::string&)> sink)
        : pipe(executor, fd.release()), partial_timer(executor), on_line(std::move(sink)) {}

    void take(std::string_view bytes) {
        for (const auto& line : splitter.feed(bytes)) {
            on_line(line);
        }
        if (!splitter.has_partial()) {
            partial_timer.cancel();
            return;
        }
        partial_timer.expires_after(partial_line_max_age);
        partial_timer.async_wait(
            [self = shared_from_this()](const boost::system::error_code& error) {
                if (!error) {
                    self->flush();
                }
            });
    }

    void flush() {
        if (!ended && splitter.has_partial()) {
            on_line(splitter.flush());
        }
    }

    asio::posix::stream_descriptor pipe;
    asio::steady_timer partial_timer;
    std::function<void(const std::string&)> on_line;
    LineSplitter splitter;
    std::array<char, 64 * 1024> buffer{};
    bool ended = false;
};

StderrCapture::StderrCapture(Executor executor, UniqueFd pipe,
                             std::function<void(const std::string&)> on_line)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(pipe), std::move(on_line))) {}

StderrCapture::~StderrCapture() = default;

Task<void> StderrCapture::run() {
    const std::shared_ptr<Impl> impl = impl_;
    boost::system::error_code error;
    while (!error) {
        auto token = asio::redirect_error(asio::use_awaitable, error);
        const auto space = asio::buffer(impl->buffer);
        const std::size_t count = co_await impl->pipe.async_read_some(space, token);
        impl->take(std::string_view(impl->buffer.data(), count));
    }
    impl->flush();
    impl->ended = true;
    impl->partial_timer.cancel();
}

void StderrCapture::stop() {
    boost::system::error_code ignored;
    impl_->pipe.close(ignored);
}

} // namespace gatehouse::runtime
