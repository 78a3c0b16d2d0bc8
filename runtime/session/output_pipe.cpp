#include "runtime/session/output_pipe.hpp"

#include <boost/asio/post.hpp>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t kept_buffer_max_bytes = 1ULL << 20;
constexpr int enlarged_pipe_bytes = 1 << 20;

} // namespace

OutputPipe::OutputPipe(Executor executor, UniqueFd stdin_end)
    : executor_(std::move(executor)), pipe_(executor_, stdin_end.release()) {
    boost::system::error_code ignored;
    pipe_.native_non_blocking(true, ignored);
}

void OutputPipe::flush_soon() {
    if (flush_posted_ || waiting_writable_ || !pipe_.is_open()) {
        return;
    }
    flush_posted_ = true;
    asio::post(executor_, [self = shared_from_this()] {
        self->flush_posted_ = false;
        self->flush();
    });
}

void OutputPipe::flush() {
    const std::uint64_t before = written_bytes_;
    while (pipe_.is_open() && backlog_bytes() > 0 && write_some()) {
    }
    if (closing_ && backlog_bytes() == 0) {
        close();
    }
    if (on_progress_ && (written_bytes_ != before || !pipe_.is_open())) {
        on_progress_();
    }
}

// False if no more can be written now.
bool OutputPipe::write_some() {
    const ssize_t count = ::write(pipe_.native_handle(), buffer_.data() + offset_, backlog_bytes());
    if (count > 0) {
        forget_written(static_cast<std::size_t>(count));
        return true;
    }
    if (count < 0 && errno == EINTR) {
        return true;
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        wait_writable();
        return false;
    }
    close(); // EPIPE: the connector closed its stdin
    return false;
}

void OutputPipe::wait_writable() {
    // Only pipes that carry large messages are enlarged: the kernel limits the sum over all pipes
    // of a user (pipe-user-pages-soft), and past it new pipes get a single page.
    if (!pipe_enlarged_ && backlog_bytes() > kept_buffer_max_bytes / 8) {
        pipe_enlarged_ = true;
        ::fcntl(pipe_.native_handle(), F_SETPIPE_SZ, enlarged_pipe_bytes);
    }
    waiting_writable_ = true;
    pipe_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [self = shared_from_this()](boost::system::error_code failure) {
                         self->waiting_writable_ = false;
                         if (!failure) {
                             self->flush();
                         }
                     });
}

void OutputPipe::forget_written(std::size_t bytes) {
    written_bytes_ += bytes;
    offset_ += bytes;
    if (offset_ == buffer_.size()) {
        if (buffer_.capacity() > kept_buffer_max_bytes) {
            buffer_ = std::string();
        }
        buffer_.clear();
        offset_ = 0;
    } else if (offset_ > kept_buffer_max_bytes && offset_ > buffer_.size() / 2) {
        buffer_.erase(0, offset_);
        offset_ = 0;
    }
}

void OutputPipe::close_when_drained() {
    closing_ = true;
    if (backlog_bytes() == 0) {
        close();
    }
}

void OutputPipe::close() {
    closing_ = true;
    boost::system::error_code ignored;
    pipe_.close(ignored);
}

} // namespace gatehouse::runtime
