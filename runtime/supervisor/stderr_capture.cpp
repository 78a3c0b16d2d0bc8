#include "runtime/supervisor/stderr_capture.hpp"

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::chrono::seconds partial_line_max_age{1};
constexpr std::size_t read_max_bytes = 64 * 1024;
// A larger pipe saves wake-ups. The kernel refuses it to a user who has many; that does no harm.
constexpr int pipe_bytes = 256 * 1024;
// Between two turns while everything is skipped: 256 MB/s are more than a log can use, and the loop
// has other work.
constexpr std::chrono::milliseconds skip_pause{1};
constexpr std::chrono::milliseconds wait_max{1000};

} // namespace

struct StderrCapture::Impl : std::enable_shared_from_this<Impl> {
    enum class Turn { drained, busy, skipped, held, ended };

    Impl(Executor executor, UniqueFd fd, CaptureHandlers made)
        : pipe(executor, fd.release()), partial_timer(executor), pause_timer(executor),
          handlers(std::move(made)), splitter(handlers.hold_back) {
        ::fcntl(pipe.native_handle(), F_SETPIPE_SZ, pipe_bytes);
        boost::system::error_code ignored;
        pipe.native_non_blocking(true, ignored);
    }

    Turn read_turn();
    Turn read_some(std::string& buffer, const CaptureAdvice& advice);
    void hand_out();
    void watch_partial();
    void flush_partial();

    asio::posix::stream_descriptor pipe;
    asio::steady_timer partial_timer;
    asio::steady_timer pause_timer;
    CaptureHandlers handlers;
    LineSplitter splitter;
    std::vector<LogLine> lines;
    std::chrono::milliseconds held_for{0};
    bool ended = false;
};

StderrCapture::Impl::Turn StderrCapture::Impl::read_some(std::string& buffer,
                                                         const CaptureAdvice& advice) {
    const auto count = ::read(pipe.native_handle(), buffer.data(), buffer.size());
    if (count <= 0) {
        const bool again = count < 0 && (errno == EAGAIN || errno == EINTR);
        return again ? Turn::drained : Turn::ended;
    }
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
    if (advice.what == CaptureAdvice::What::skip) {
        splitter.skip(bytes);
    } else {
        splitter.feed(bytes, lines);
    }
    hand_out();
    return advice.what == CaptureAdvice::What::skip ? Turn::skipped : Turn::busy;
}

// The buffer lives for one turn only: an idle connector costs none.
StderrCapture::Impl::Turn StderrCapture::Impl::read_turn() {
    std::string buffer(read_max_bytes, '\0');
    Turn turn = Turn::drained;
    for (std::size_t read = 0; read < turn_max_bytes; read += read_max_bytes) {
        const CaptureAdvice advice = handlers.advise ? handlers.advise() : CaptureAdvice{};
        if (advice.what == CaptureAdvice::What::wait) {
            held_for = std::clamp(advice.wait, std::chrono::milliseconds(1), wait_max);
            turn = Turn::held;
            break;
        }
        turn = read_some(buffer, advice);
        if (turn == Turn::drained || turn == Turn::ended) {
            break;
        }
    }
    watch_partial();
    return turn;
}

void StderrCapture::Impl::hand_out() {
    if (!lines.empty()) {
        handlers.on_lines(lines);
        lines.clear();
    }
    const SkippedLines skipped = splitter.take_skipped();
    if (handlers.on_skipped && (skipped.lines > 0 || skipped.bytes > 0)) {
        handlers.on_skipped(skipped);
    }
}

void StderrCapture::Impl::watch_partial() {
    if (!splitter.has_partial()) {
        partial_timer.cancel();
        return;
    }
    partial_timer.expires_after(partial_line_max_age);
    partial_timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error) {
            self->flush_partial();
        }
    });
}

void StderrCapture::Impl::flush_partial() {
    if (!ended) {
        splitter.flush(lines);
        hand_out();
    }
}

StderrCapture::StderrCapture(Executor executor, UniqueFd pipe, CaptureHandlers handlers)
    : impl_(std::make_shared<Impl>(std::move(executor), std::move(pipe), std::move(handlers))) {}

StderrCapture::~StderrCapture() = default;

Task<void> StderrCapture::run() {
    const std::shared_ptr<Impl> impl = impl_;
    boost::system::error_code error;
    while (!error && impl->pipe.is_open()) {
        const Impl::Turn turn = impl->read_turn();
        if (turn == Impl::Turn::ended) {
            break;
        }
        auto token = asio::redirect_error(asio::use_awaitable, error);
        if (turn == Impl::Turn::drained) {
            co_await impl->pipe.async_wait(asio::posix::stream_descriptor::wait_read, token);
        } else if (turn == Impl::Turn::busy) {
            co_await asio::post(impl->pipe.get_executor(), asio::use_awaitable);
        } else {
            const bool skipped = turn == Impl::Turn::skipped;
            impl->pause_timer.expires_after(skipped ? skip_pause : impl->held_for);
            co_await impl->pause_timer.async_wait(token);
        }
    }
    impl->splitter.finish(impl->lines);
    impl->hand_out();
    impl->ended = true;
    impl->partial_timer.cancel();
}

void StderrCapture::stop() {
    boost::system::error_code ignored;
    impl_->pipe.close(ignored);
    impl_->pause_timer.cancel();
}

} // namespace gatehouse::runtime
