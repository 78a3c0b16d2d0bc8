// The HTTP/1.1 server under both listeners (client TCP port, admin unix socket): Beast's parser and
// serializer over a type-erased stream. Knows nothing of MCP. One event loop.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

// Head of a request; views live as long as the request. Header names are compared without case.
class HttpRequest {
  public:
    std::string method;
    std::string target; // as received, path and query
    std::string body;   // at most the listener's body limit
    std::string peer;   // "127.0.0.1:51234", or "uid:0" on the unix socket
    std::vector<std::pair<std::string, std::string>> headers;

    std::string_view path() const;
    // First header of that name; empty optional if absent. header_count tells duplicates.
    std::optional<std::string_view> header(std::string_view name) const;
    std::size_t header_count(std::string_view name) const;
};

// A complete answer. The body is written from its pieces without joining them (scatter-gather).
struct HttpReply {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body_prefix;     // e.g. {"jsonrpc":"2.0","id":1,"result":
    std::string body;            // owned storage, e.g. the connector's frame
    std::size_t body_offset = 0; // the part of `body` that is sent
    std::size_t body_length = std::string::npos;
    std::string body_suffix; // e.g. }
};

// The answer being written for one request. Exactly one of send() or start_stream() is used.
class HttpResponder {
  public:
    virtual ~HttpResponder() = default;
    virtual Task<void> send(HttpReply reply) = 0;
    // Begins a chunked answer (SSE, log follow). write() returns false once the peer is gone or its
    // backlog stays over 1 MiB for 30 s; finish() ends the stream.
    virtual Task<bool> start_stream(int status, std::string content_type,
                                    std::vector<std::pair<std::string, std::string>> headers) = 0;
    virtual Task<bool> write(std::string bytes) = 0;
    virtual Task<bool>
    write_reply_body(HttpReply body_pieces) = 0; // as write(), from pieces, no head
    virtual Task<void> finish() = 0;
    // Calls the handler (once, on the loop) if the peer hangs up before the answer is complete.
    // Reset with an empty function. Costs nothing unless set.
    virtual void on_disconnect(std::function<void()> handler) = 0;
};

class HttpHandler {
  public:
    virtual ~HttpHandler() = default;
    // Called for the head of each request before its body is read; a reply refuses it (the
    // connection closes). So strangers' bodies are never read.
    virtual std::optional<HttpReply> check_head(const HttpRequest& head) = 0;
    virtual Task<void> handle(HttpRequest request, HttpResponder& responder) = 0;
};

struct HttpLimits {
    std::uint64_t body_max_bytes = 4ULL << 20;  // over it: 413, GH-R703
    std::uint32_t header_max_bytes = 16 * 1024; // over it: 431
    std::uint32_t connections_max_count = 4096;
    std::chrono::milliseconds head_deadline{30'000};  // from the first byte of a request
    std::chrono::milliseconds idle_deadline{120'000}; // between requests
};

class HttpServer {
  public:
    HttpServer(Executor executor, HttpHandler& handler, HttpLimits limits);
    ~HttpServer();
    // Binds; port 0 takes a free one (see port()). Errors GH-C520 (in use, not permitted), with
    // action.
    Result<void> listen_tcp(const std::string& host, std::uint16_t port);
    // Mode 0600; only peers with this daemon's uid or root are accepted (SO_PEERCRED). A stale
    // socket file is replaced.
    Result<void> listen_unix(const std::filesystem::path& path);
    // A listening socket that was bound elsewhere (socket activation); its family decides what its
    // peers are, as with the two above. Its file, if it has one, is not removed. Error GH-C520: not
    // a listening stream socket.
    Result<void> listen_fd(UniqueFd fd);
    std::uint16_t port() const;
    // "127.0.0.1:8080" as bound; empty: no TCP socket.
    std::string tcp_address() const;

    // Accepts until stop(); returns when every connection has ended.
    Task<void> run();
    // Stops accepting; requests being handled get `grace` to finish, then connections are closed.
    void stop(std::chrono::milliseconds grace);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
