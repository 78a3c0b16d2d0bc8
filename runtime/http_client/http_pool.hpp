// What is behind HttpClient: one connection's state, and the pool of those that are kept. Used by
// the client's own units alone.
#pragma once

#include "runtime/http_client/dialler.hpp"
#include "runtime/http_client/http_client.hpp"
#include "runtime/http_client/tcp_facts.hpp"

#include <boost/asio/steady_timer.hpp>
#include <list>

namespace gatehouse::runtime {

constexpr std::size_t response_buffer_bytes = 64ULL << 10;

// Counts one connection of the pool for as long as it lives.
class OpenConnection {
  public:
    explicit OpenConnection(std::shared_ptr<std::size_t> count) : count_(std::move(count)) {
        ++*count_;
    }
    ~OpenConnection() {
        if (count_) {
            --*count_;
        }
    }
    OpenConnection(OpenConnection&&) = default;
    OpenConnection& operator=(OpenConnection&&) = delete;

  private:
    std::shared_ptr<std::size_t> count_;
};

struct HttpConnection {
    HttpConnection(std::shared_ptr<ByteStream> dialled, OpenConnection counted)
        : stream(std::move(dialled)), open(std::move(counted)) {}
    ~HttpConnection() { stream->close(); }
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;

    // Nothing to read and not closed by the peer.
    bool quiet() const;
    // Empty if the system cannot say.
    std::optional<TcpFacts> facts() const;

    std::shared_ptr<ByteStream> stream;
    OpenConnection open;
    std::vector<char> buffer; // [begin, end) is received and not yet parsed
    std::size_t begin = 0;
    std::size_t end = 0;
    SteadyTime idle_since;
};

class HttpPool : public std::enable_shared_from_this<HttpPool> {
  public:
    HttpPool(const Executor& executor, HttpTarget wanted, HttpClientOptions chosen)
        : executor_(executor), target_(std::move(wanted)), options_(std::move(chosen)),
          dialler_(executor, target_), timer_(executor) {}

    const Executor& executor() const { return executor_; }
    const HttpTarget& target() const { return target_; }
    const HttpClientOptions& options() const { return options_; }
    std::size_t open_count() const { return *open_count_; }
    std::uint64_t repeated_count = 0;

    // A kept connection that still stands; null if there is none.
    std::unique_ptr<HttpConnection> take_idle();
    Task<Result<std::unique_ptr<HttpConnection>>> open(std::shared_ptr<WaitLimit> limit);
    void give_back(std::unique_ptr<HttpConnection> connection);
    // No connection is kept from now on.
    void close();

  private:
    void arm_timer();

    Executor executor_;
    HttpTarget target_;
    HttpClientOptions options_;
    Dialler dialler_;
    std::shared_ptr<std::size_t> open_count_ = std::make_shared<std::size_t>(0);
    std::list<std::unique_ptr<HttpConnection>> idle_; // the oldest first
    asio::steady_timer timer_;
    bool timer_armed_ = false;
    bool closed_ = false;
};

} // namespace gatehouse::runtime
