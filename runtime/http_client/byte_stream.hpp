// ByteStream: the connection under an HTTP exchange, plain or TLS, behind one interface so that the
// HTTP code is compiled once. One event loop.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/http_client/wait_limit.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <string>

namespace gatehouse::runtime {

struct StreamRead {
    std::size_t bytes = 0;
    boost::system::error_code error; // asio::error::eof: the peer ended the stream in order
};

using WriteBuffers = std::array<asio::const_buffer, 2>;

class ByteStream {
  public:
    virtual ~ByteStream() = default;
    // One read and one write at a time; what the buffers point to outlives the call.
    virtual Task<StreamRead> read_some(asio::mutable_buffer buffer) = 0;
    virtual Task<boost::system::error_code> write(WriteBuffers buffers) = 0;
    // Ends a read or write under way with operation_aborted. Idempotent.
    virtual void close() = 0;
    virtual int native_handle() = 0;
};

// A connected, non-blocking stream socket.
std::shared_ptr<ByteStream> make_plain_stream(const Executor& executor, UniqueFd socket);

// The certificates that are believed. Made once for a target.
class TlsTrust;
// From a PEM file, or the system's store if it is empty. Error GH-D203.
Result<std::shared_ptr<TlsTrust>> load_tls_trust(const std::string& ca_file);

struct TlsWanted {
    std::shared_ptr<TlsTrust> trust;
    std::string host; // name or address the certificate must be for
    std::shared_ptr<WaitLimit> limit;
};
// The TLS handshake (1.2 or newer, verified chain and host name) on a connected socket. Error
// GH-D203; with limit->cut() set, the Error says nothing.
Task<Result<std::shared_ptr<ByteStream>>> make_tls_stream(Executor executor, UniqueFd socket,
                                                          TlsWanted wanted);

} // namespace gatehouse::runtime
