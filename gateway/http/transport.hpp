// The byte stream under one HTTP connection, type-erased so that the connection is compiled once
// and a TLS stream can take the place of the plain one. Non-blocking tries plus two waits: the
// shape that both a socket and OpenSSL on a socket fit. One event loop.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <span>

namespace gatehouse::gateway {

struct IoResult {
    std::size_t bytes = 0;
    boost::system::error_code error; // would_block: nothing could be moved now
};

// Told of a finished wait, always from the loop and never from inside the call that began it.
class TransportSink {
  public:
    virtual ~TransportSink() = default;
    virtual void on_read(IoResult result) = 0; // end of stream: asio::error::eof
    virtual void on_writable(boost::system::error_code error) = 0;
};

class Transport {
  public:
    virtual ~Transport() = default;
    // Reads what is there, at least one byte; one read at a time. The sink and the buffer live
    // until on_read; the sink is kept alive by the transport.
    virtual void start_read(asio::mutable_buffer buffer, std::shared_ptr<TransportSink> sink) = 0;
    // Writes what the peer takes now; never waits.
    virtual IoResult try_write(std::span<const asio::const_buffer> buffers) = 0;
    // One wait at a time.
    virtual void wait_writable(std::shared_ptr<TransportSink> sink) = 0;
    // Ends pending waits with operation_aborted; the stream stays usable.
    virtual void cancel() = 0;
    // Tells the peer that no more is written.
    virtual void shutdown_send() = 0;
    virtual void close() = 0;
    virtual bool is_open() const = 0;
};

// A connected TCP or unix stream socket, already non-blocking.
std::unique_ptr<Transport> make_plain_transport(Executor executor, UniqueFd socket, int family);

} // namespace gatehouse::gateway
