// OutputPipe: the connector's stdin. Gathers the messages of one loop turn into one write,
// continues partial writes, and knows how many bytes of the stream reached the pipe. The daemon
// must ignore SIGPIPE.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace gatehouse::runtime {

class OutputPipe : public std::enable_shared_from_this<OutputPipe> {
  public:
    OutputPipe(Executor executor, UniqueFd stdin_end);

    // Where to append a message; call flush_soon() after it. Positions count bytes from the first
    // message on.
    std::string& buffer() { return buffer_; }
    std::uint64_t appended_bytes() const { return written_bytes_ + backlog_bytes(); }
    std::uint64_t written_bytes() const { return written_bytes_; }
    std::size_t backlog_bytes() const { return buffer_.size() - offset_; }
    // Nothing more can be written: closed by us, or by the connector.
    bool closed() const { return closing_ || !pipe_.is_open(); }

    // Writes at the end of this loop turn. The progress handler is called after bytes left the
    // backlog, and when the connector closed its end.
    void flush_soon();
    void set_progress_handler(std::function<void()> on_progress) {
        on_progress_ = std::move(on_progress);
    }
    // Closes the pipe once the backlog is written.
    void close_when_drained();
    // Closes the pipe now; the backlog is dropped.
    void close();

  private:
    void flush();
    void wait_writable();
    bool write_some();
    void forget_written(std::size_t bytes);

    Executor executor_;
    asio::posix::stream_descriptor pipe_;
    std::string buffer_;
    std::size_t offset_ = 0; // bytes of buffer_ already written
    std::uint64_t written_bytes_ = 0;
    bool flush_posted_ = false;
    bool waiting_writable_ = false;
    bool closing_ = false;
    bool pipe_enlarged_ = false;
    std::function<void()> on_progress_;
};

} // namespace gatehouse::runtime
