#include "tests/bench/load.hpp"

#include "tests/bench/http_message.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace gatehouse::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t read_bytes = 256 * 1024;
constexpr std::size_t kept_bytes = 4096;            // head and begin of the body, for the checks
constexpr std::size_t streamed_max_bytes = 1 << 20; // an event stream is kept whole
constexpr int silence_ms = 30'000;                  // then the server counts as hung

struct Caller {
    int fd = -1;
    std::uint64_t id = 0;
    Clock::time_point sent;
    std::string front; // the first kept_bytes of the answer
    std::size_t received = 0;
    std::optional<MessageHead> head;
    std::size_t expected = 0; // whole answer, once the head is known
    std::string streamed;     // the content of a chunked answer, once it is whole
};

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos;
         at = text.find(what, at + what.size())) {
        ++found;
    }
    return found;
}

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

class Load {
  public:
    explicit Load(const LoadOptions& options) : options_(options), buffer_(read_bytes) {
        head_ =
            "POST " + options.path + " HTTP/1.1\r\nHost: " + options.host + ":" +
            std::to_string(options.port) +
            "\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n";
        for (const std::string& header : options.headers) {
            head_.append(header).append("\r\n");
        }
        head_.append("Content-Length: ");
    }
    ~Load() {
        for (const Caller& caller : callers_) {
            ::close(caller.fd);
        }
        ::close(epoll_);
    }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    LoadResult run() {
        begin_ = Clock::now() + options_.warm_up;
        end_ = begin_ + options_.duration;
        callers_.resize(static_cast<std::size_t>(options_.in_flight));
        for (std::size_t i = 0; i < callers_.size(); ++i) {
            connect(callers_[i], i);
            call(callers_[i]);
        }
        std::array<epoll_event, 256> events{};
        while (Clock::now() < end_) {
            const int count =
                ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), silence_ms);
            if (count == 0) {
                throw std::runtime_error("no answer for 30 s");
            }
            for (int i = 0; i < count; ++i) {
                on_readable(callers_[events[static_cast<std::size_t>(i)].data.u64]);
            }
        }
        result_.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
        return std::move(result_);
    }

  private:
    void connect(Caller& caller, std::size_t index) {
        caller.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(options_.port);
        if (::inet_pton(AF_INET, options_.host.c_str(), &address.sin_addr) != 1) {
            throw std::runtime_error("the host must be an IPv4 address: " + options_.host);
        }
        if (::connect(caller.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            fail("connect");
        }
        const int on = 1;
        ::setsockopt(caller.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = index;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, caller.fd, &event);
    }

    // The socket blocks: a request is far smaller than its send buffer.
    void call(Caller& caller) {
        caller.id = next_id_++;
        caller.front.clear();
        caller.received = 0;
        caller.head.reset();
        const std::string id = std::to_string(caller.id);
        const std::string_view before = R"({"jsonrpc":"2.0","id":)";
        const std::string_view middle = R"(,"method":"tools/call","params":)";
        const std::size_t length =
            before.size() + id.size() + middle.size() + options_.params.size() + 1;
        request_.assign(head_).append(std::to_string(length)).append("\r\n\r\n");
        request_.append(before).append(id).append(middle).append(options_.params).append("}");
        caller.sent = Clock::now();
        if (::send(caller.fd, request_.data(), request_.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request_.size())) {
            fail("send");
        }
    }

    void on_readable(Caller& caller) {
        const ssize_t n = ::recv(caller.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }
        if (n <= 0) {
            fail(n == 0 ? "the server closed the connection" : "recv");
        }
        const std::string_view fresh(buffer_.data(), static_cast<std::size_t>(n));
        caller.received += fresh.size();
        const std::size_t kept_max_bytes =
            caller.head && caller.head->chunked ? streamed_max_bytes : kept_bytes;
        if (caller.front.size() < kept_max_bytes) {
            caller.front.append(fresh.substr(0, kept_max_bytes - caller.front.size()));
        }
        if (!caller.head) {
            caller.head = read_head(caller.front);
            if (!caller.head) {
                return;
            }
            caller.expected = caller.head->head_bytes + caller.head->body_bytes;
        }
        if (caller.head->chunked ? read_stream(caller) : caller.received >= caller.expected) {
            finish(caller);
            call(caller);
        }
    }

    static bool read_stream(Caller& caller) {
        auto body = read_chunked(std::string_view(caller.front).substr(caller.head->head_bytes));
        if (!body) {
            return false;
        }
        caller.expected = caller.head->head_bytes + body->wire_bytes;
        caller.head->body_bytes = body->content.size();
        caller.streamed = std::move(body->content);
        return true;
    }

    void finish(Caller& caller) {
        const Clock::time_point now = Clock::now();
        const bool good = is_right(caller);
        if (!good && result_.first_error.empty()) {
            result_.first_error = caller.front.substr(0, 600);
        }
        if (now < begin_ || now > end_) {
            return;
        }
        result_.errors += good ? 0 : 1;
        ++result_.calls;
        result_.body_bytes += caller.head->body_bytes;
        result_.latencies_us.push_back(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(now - caller.sent).count()));
    }

    bool is_right(const Caller& caller) const {
        if (!caller.front.starts_with("HTTP/1.1 200") || caller.received != caller.expected ||
            caller.head->body_bytes < options_.answer_min_bytes) {
            return false;
        }
        std::string_view body = std::string_view(caller.front).substr(caller.head->head_bytes);
        std::size_t progress = 0;
        if (caller.head->chunked) {
            progress = count(caller.streamed, "\"notifications/progress\"");
            const std::size_t last = caller.streamed.rfind("data:");
            body = std::string_view(caller.streamed).substr(last == std::string::npos ? 0 : last);
        }
        const auto id = find_id(body);
        return progress == options_.progress_count && id &&
               body.substr(id->at, id->length) == std::to_string(caller.id) &&
               body.find("\"result\":") != std::string_view::npos &&
               body.find("\"isError\":true") == std::string_view::npos;
    }

    const LoadOptions& options_;
    std::vector<char> buffer_;
    std::string head_;
    std::string request_;
    std::vector<Caller> callers_;
    std::uint64_t next_id_ = 1;
    Clock::time_point begin_;
    Clock::time_point end_;
    LoadResult result_;
    int epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
};

} // namespace

LoadResult run_load(const LoadOptions& options) {
    return Load(options).run();
}

} // namespace gatehouse::bench
