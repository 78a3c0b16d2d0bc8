// HttpClient: HTTP/1.1 to one target, with a pool of kept connections. No pipelining, no redirects,
// no compression. One event loop.
#pragma once

#include "runtime/base/secret.hpp"
#include "runtime/http_client/http_target.hpp"
#include "runtime/http_client/response_parser.hpp"
#include "runtime/http_client/wait_limit.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::runtime {

struct HttpSecretHeader {
    std::string name;
    Secret value;
};

struct HttpClientOptions {
    std::size_t connections_max_count = 64; // in use and kept; one more request is refused
    std::chrono::milliseconds idle_max{30'000};
    std::vector<HttpSecretHeader> secret_headers; // sent with every request, never logged
};

struct HttpClientRequest {
    std::string method = "POST";
    std::vector<HttpHeader> headers; // Host, Content-Length and the secret ones are added
    std::string body;
    // Whether running it twice does no harm. If not, it is sent again on a fresh connection only
    // when it is certain that the server's host never took it.
    bool repeatable = false;
    SteadyTime head_until = SteadyTime::max(); // deadline of connecting, sending and the head
    // To abort it from outside; may be null. One limit belongs to one request.
    std::shared_ptr<WaitLimit> limit;
};

// Whether the request may have had an effect at the server.
enum class HttpSent { never_sent, may_have_run };

struct HttpConnection;
class HttpPool;

// A response whose head is there. Destroying it before the body's end closes the connection, which
// the server sees; after the end the connection goes back to the pool.
class HttpExchange {
  public:
    HttpExchange(std::shared_ptr<HttpPool> pool, std::unique_ptr<HttpConnection> connection,
                 std::shared_ptr<WaitLimit> limit);
    ~HttpExchange();
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;

    const HttpResponseHead& head() const;
    unsigned status() const { return head().status; }
    std::string_view header(std::string_view name) const { return head().header(name); }

    // A success whose body is a stream of events.
    bool is_event_stream() const;

    // The next piece of the body, empty at its end. Reads from the connection only when asked. The
    // view is valid until the next call. Errors: GH-D202 it broke, GH-D204, GH-M403, GH-R704.
    Task<Result<std::optional<std::string_view>>> read_some(SteadyTime until);
    // The whole body; also GH-M402 when it is longer.
    Task<Result<std::string>> read_all(std::size_t max_bytes, SteadyTime until);
    // Reaches the body's end if the rest of it has arrived already, and drops that rest.
    bool try_finish();
    // The body's end was reached.
    bool complete() const { return connection_ == nullptr; }

  private:
    friend class HttpRequestRun;
    Task<Result<void>> read_head();
    Result<void> parse_some();
    Task<Result<void>> read_more();
    void finish();

    std::shared_ptr<HttpPool> pool_;
    std::unique_ptr<HttpConnection> connection_;
    std::shared_ptr<WaitLimit> limit_;
    std::unique_ptr<ResponseParser> parser_;
    std::string_view piece_;
    std::size_t piece_used_bytes_ = 0; // what to drop of the buffer at the next call
    bool received_anything_ = false;
};

struct HttpReply {
    std::unique_ptr<HttpExchange> exchange; // null if it failed
    Error failure;                          // then: why
    HttpSent sent = HttpSent::never_sent;
};

class HttpClient {
  public:
    HttpClient(const Executor& executor, HttpTarget target, HttpClientOptions options);
    // Kept connections are closed; exchanges under way go on.
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Never throws, unless the awaiting coroutine is cancelled; that ends the exchange too. Errors:
    // GH-D201, 202, 203, 204, 208, 209 (a redirect), GH-M403, GH-R701 (no connection is free),
    // GH-R704, GH-C503 (a header that cannot be sent).
    Task<HttpReply> request(HttpClientRequest request);
    const HttpTarget& target() const;
    std::size_t open_connections() const;
    // Requests sent a second time, because a kept connection was dead.
    std::uint64_t repeated_count() const;

  private:
    std::shared_ptr<HttpPool> pool_;
};

} // namespace gatehouse::runtime
