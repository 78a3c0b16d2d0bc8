// A real server on a free port in a thread of its own, and a blocking client that sends raw bytes.
#pragma once

#include "gateway/http/server.hpp"
#include "runtime/base/task_group.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <string>
#include <thread>

namespace gatehouse::gateway::test {

// Answers by path:
//   /echo      method, path and body           /big       1 MiB body between a prefix and a suffix
//   /stream    three chunks                    /flood     writes 64 KiB chunks until write() says
//   no /wait      answers after release(), or gives up at a disconnect /silent    never answers
//   /throw     throws
class RouteHandler final : public HttpHandler {
  public:
    std::optional<HttpReply> check_head(const HttpRequest& head) override;
    Task<void> handle(HttpRequest request, HttpResponder& responder) override;

    std::atomic<int> handled_count{0};
    std::atomic<int> disconnect_count{0};
    std::atomic<int> waiting_count{0};
    std::atomic<bool> released{false};
    std::atomic<bool> flood_ended{false};
    static std::string big_body();

  private:
    Task<void> wait_for_release(HttpResponder& responder);
    Task<void> flood(HttpResponder& responder);
};

class ServerFixture {
  public:
    explicit ServerFixture(HttpLimits limits = {});
    ~ServerFixture();
    void stop(std::chrono::milliseconds grace); // returns when run() has ended
    std::uint16_t port() const { return server.port(); }

    asio::io_context context;
    RouteHandler handler;
    HttpServer server;
    void start(); // after the listeners are set

  private:
    TaskGroup tasks_;
    std::thread thread_;
};

struct ReceivedReply {
    int status = 0;
    std::string head;
    std::string body;                           // chunks joined
    std::map<std::string, std::string> headers; // lower-case names
};

class RawClient {
  public:
    explicit RawClient(std::uint16_t port);
    explicit RawClient(const std::string& unix_path);
    ~RawClient();
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    void send(const std::string& bytes);
    // Status 0: the server closed instead (or nothing came for 10 s).
    ReceivedReply read_reply(bool head_only = false);
    bool closed_by_server(); // waits for the end of stream
    void close();

  private:
    bool fill();
    std::string take(std::size_t bytes);
    std::string take_line();
    int fd_ = -1;
    std::string buffer_;
};

// Whether the condition comes true within 10 s.
template <class Condition>
bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

} // namespace gatehouse::gateway::test
