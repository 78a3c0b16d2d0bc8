#include "runtime/http_client/http_client.hpp"

#include "runtime/http_client/http_failures.hpp"
#include "runtime/http_client/http_pool.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>

namespace gatehouse::runtime {

namespace {

constexpr std::chrono::milliseconds verdict_step{10};
constexpr int verdict_steps_max_count = 25;

bool is_token(std::string_view name) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const auto allowed = [marks](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), allowed);
}

bool is_field_value(std::string_view value) {
    const auto allowed = [](char c) {
        return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    };
    return std::all_of(value.begin(), value.end(), allowed);
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

// One request from its text to the head of its answer.
class HttpRequestRun {
  public:
    HttpRequestRun(std::shared_ptr<HttpPool> pool, HttpClientRequest request)
        : pool_(std::move(pool)), request_(std::move(request)),
          limit_(request_.limit ? request_.limit : std::make_shared<WaitLimit>(pool_->executor())) {
        limit_->set_deadline(request_.head_until);
    }
    ~HttpRequestRun() { wipe(head_); }
    HttpRequestRun(const HttpRequestRun&) = delete;
    HttpRequestRun& operator=(const HttpRequestRun&) = delete;

    Task<HttpReply> run();

  private:
    Result<void> write_head();
    Task<HttpReply> send_on(std::unique_ptr<HttpConnection> connection);
    Task<bool> certainly_not_taken(HttpConnection& connection, std::uint64_t confirmed_before);
    Result<void> check_head(const HttpResponseHead& head) const;

    std::shared_ptr<HttpPool> pool_;
    HttpClientRequest request_;
    std::shared_ptr<WaitLimit> limit_;
    std::string head_; // holds secrets
    bool got_nothing_ = false;
};

Result<void> HttpRequestRun::write_head() {
    const HttpTarget& target = pool_->target();
    const auto& secrets = pool_->options().secret_headers;
    std::size_t size = 512 + target.path.size() + target.host.size();
    for (const auto& [name, value] : request_.headers) {
        if (!is_token(name) || !is_field_value(value)) {
            return http_failures::bad_request_header(target, name);
        }
        size += name.size() + value.size() + 4;
    }
    for (const HttpSecretHeader& secret : secrets) {
        if (!is_token(secret.name) || !is_field_value(secret.value.reveal())) {
            return http_failures::bad_request_header(target, secret.name);
        }
        size += secret.name.size() + secret.value.size_bytes() + 4;
    }
    head_.reserve(size); // at once, so that no growing leaves a copy of a secret behind
    head_.append(request_.method).append(" ").append(target.path).append(" HTTP/1.1\r\n");
    append_header(head_, "Host", target.authority());
    append_header(head_, "User-Agent", "gatehouse/" GATEHOUSE_VERSION);
    append_header(head_, "Accept-Encoding", "identity");
    if (!request_.body.empty() || request_.method == "POST") {
        append_header(head_, "Content-Length", std::to_string(request_.body.size()));
    }
    for (const auto& [name, value] : request_.headers) {
        append_header(head_, name, value);
    }
    for (const HttpSecretHeader& secret : secrets) {
        append_header(head_, secret.name, secret.value.reveal());
    }
    head_.append("\r\n");
    return {};
}

Task<HttpReply> HttpRequestRun::run() {
    HttpReply reply;
    if (auto written = write_head(); !written) {
        reply.failure = std::move(written).error();
        co_return reply;
    }
    std::unique_ptr<HttpConnection> kept = pool_->take_idle();
    if (kept) {
        auto sending = send_on(std::move(kept));
        reply = co_await std::move(sending);
        const bool dead = !reply.exchange && got_nothing_ && limit_->cut() == WaitCut::none;
        const bool harmless = request_.repeatable || reply.sent == HttpSent::never_sent;
        if (!dead || !harmless) {
            co_return reply;
        }
        ++pool_->repeated_count;
        reply = HttpReply();
        limit_->set_deadline(request_.head_until); // the failed exchange released it
    }
    auto opening = pool_->open(limit_);
    Result<std::unique_ptr<HttpConnection>> opened = co_await std::move(opening);
    if (!opened) {
        limit_->release();
        reply.failure = std::move(opened).error();
        co_return reply;
    }
    auto sending = send_on(std::move(*opened));
    reply = co_await std::move(sending);
    co_return reply;
}

Task<HttpReply> HttpRequestRun::send_on(std::unique_ptr<HttpConnection> connection) {
    HttpReply reply;
    got_nothing_ = false;
    HttpConnection& used = *connection;
    const std::optional<TcpFacts> before = used.facts();
    auto exchange = std::make_unique<HttpExchange>(pool_, std::move(connection), limit_);
    if (limit_->cut() != WaitCut::none) {
        reply.failure = http_failures::cut(pool_->target(), *limit_, "connecting");
        co_return reply;
    }
    reply.sent = HttpSent::may_have_run;
    const WriteBuffers buffers{asio::buffer(head_), asio::buffer(request_.body)};
    auto writing = used.stream->write(buffers);
    const boost::system::error_code write_error = co_await std::move(writing);
    if (write_error && limit_->cut() != WaitCut::none) {
        reply.failure = http_failures::cut(pool_->target(), *limit_, "sending");
        co_return reply;
    }
    // Also after a failed write: a server may refuse a long body by an answer and hang up.
    auto reading = exchange->read_head();
    Result<void> read = co_await std::move(reading);
    if (!read) {
        reply.failure = std::move(read).error();
        got_nothing_ = !exchange->received_anything_;
        if (got_nothing_ && before && limit_->cut() == WaitCut::none) {
            auto asking = certainly_not_taken(used, before->confirmed_bytes);
            const bool not_taken = co_await std::move(asking);
            reply.sent = not_taken ? HttpSent::never_sent : HttpSent::may_have_run;
        }
        co_return reply;
    }
    if (auto accepted = check_head(exchange->head()); !accepted) {
        reply.failure = std::move(accepted).error();
        co_return reply;
    }
    reply.exchange = std::move(exchange);
    co_return reply;
}

// True if the peer's host confirmed none of the request's bytes and the connection is dead, so that
// none can arrive any more. A server that closes a kept connection while the request is on its way
// answers it by a reset, which comes one round trip after the end of the stream.
Task<bool> HttpRequestRun::certainly_not_taken(HttpConnection& connection,
                                               std::uint64_t confirmed_before) {
    asio::steady_timer timer(pool_->executor());
    for (int step = 0; step < verdict_steps_max_count; ++step) {
        const std::optional<TcpFacts> now = connection.facts();
        if (!now || now->confirmed_bytes != confirmed_before || now->closed) {
            co_return now && now->confirmed_bytes == confirmed_before;
        }
        timer.expires_after(verdict_step);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer.async_wait(token);
    }
    co_return false;
}

Result<void> HttpRequestRun::check_head(const HttpResponseHead& head) const {
    if (head.status / 100 == 3) {
        return http_failures::redirected(pool_->target(), head.status, head.header("location"));
    }
    return {};
}

namespace {

Task<HttpReply> run_request(std::shared_ptr<HttpPool> pool, HttpClientRequest request) {
    HttpRequestRun run(std::move(pool), std::move(request));
    auto running = run.run();
    HttpReply reply = co_await std::move(running);
    co_return reply;
}

} // namespace

HttpClient::HttpClient(const Executor& executor, HttpTarget target, HttpClientOptions options)
    : pool_(std::make_shared<HttpPool>(executor, std::move(target), std::move(options))) {}

HttpClient::~HttpClient() {
    pool_->close();
}

Task<HttpReply> HttpClient::request(HttpClientRequest request) {
    return run_request(pool_, std::move(request));
}

const HttpTarget& HttpClient::target() const {
    return pool_->target();
}
std::size_t HttpClient::open_connections() const {
    return pool_->open_count();
}
std::uint64_t HttpClient::repeated_count() const {
    return pool_->repeated_count;
}

} // namespace gatehouse::runtime
