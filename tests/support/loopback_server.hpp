// LoopbackServer: a scripted HTTP server for tests. Each connection is served by the script in a
// thread of its own, with blocking calls, so that a script reads from top to bottom. Scripts must
// not use Catch's macros (they are not thread-safe): they note what they saw, the test checks it.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace gatehouse::test {

struct SeenRequest {
    std::string method;
    std::string target;
    std::string head; // the whole text before the empty line
    std::string body;

    std::string header(std::string_view name) const {
        const auto same = [](char a, char b) {
            return std::tolower(static_cast<unsigned char>(a)) ==
                   std::tolower(static_cast<unsigned char>(b));
        };
        std::size_t at = head.find("\r\n");
        while (at != std::string::npos) {
            const std::size_t start = at + 2;
            at = head.find("\r\n", start);
            const std::string_view line = std::string_view(head).substr(start, at - start);
            const std::size_t colon = line.find(':');
            if (colon == name.size() && std::equal(name.begin(), name.end(), line.begin(), same)) {
                return std::string(line.substr(line.find_first_not_of(' ', colon + 1)));
            }
        }
        return "";
    }
};

// The bytes of one accepted connection. A TLS test puts its own in place.
class PeerBytes {
  public:
    explicit PeerBytes(int socket) : socket_(socket) {}
    virtual ~PeerBytes() = default;
    virtual bool begin() { return true; }
    virtual long read(char* into, std::size_t size) { return ::recv(socket_, into, size, 0); }
    virtual long write(const char* from, std::size_t size) {
        return ::send(socket_, from, size, MSG_NOSIGNAL);
    }

  protected:
    int socket_;
};

class Peer {
  public:
    Peer(int socket, std::unique_ptr<PeerBytes> bytes)
        : socket_(socket), bytes_(std::move(bytes)) {}

    // The next request with its whole body; empty when the client closed.
    std::optional<SeenRequest> read_request() {
        std::size_t end = std::string::npos;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) {
                return std::nullopt;
            }
        }
        SeenRequest request;
        request.head = received_.substr(0, end);
        received_.erase(0, end + 4);
        const std::size_t space = request.head.find(' ');
        request.method = request.head.substr(0, space);
        request.target =
            request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
        const std::size_t length =
            std::strtoul(request.header("content-length").c_str(), nullptr, 10);
        while (received_.size() < length) {
            if (!receive()) {
                return std::nullopt;
            }
        }
        request.body = received_.substr(0, length);
        received_.erase(0, length);
        return request;
    }
    bool send(std::string_view text) {
        while (!text.empty()) {
            const long sent = bytes_->write(text.data(), text.size());
            if (sent <= 0) {
                return false;
            }
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    // A whole answer with its length.
    bool answer(std::string_view status, std::string_view headers, std::string_view body) {
        return send("HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                    std::string(body));
    }
    bool chunk(std::string_view text) {
        char size[32];
        std::snprintf(size, sizeof size, "%zx\r\n", text.size());
        return send(size + std::string(text) + "\r\n");
    }
    // Waits until the client closes the connection; false after ten seconds.
    bool client_closed() {
        char byte = 0;
        pollfd waiting{socket_, POLLIN, 0};
        while (::poll(&waiting, 1, 10'000) == 1) {
            if (::recv(socket_, &byte, 1, 0) <= 0) {
                return true;
            }
        }
        return false;
    }
    void close_sending() { ::shutdown(socket_, SHUT_WR); }
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    bool begin() { return bytes_->begin(); }

  private:
    bool receive() {
        char bytes[16384];
        const long got = bytes_->read(bytes, sizeof bytes);
        if (got <= 0) {
            return false;
        }
        received_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }

    int socket_;
    std::unique_ptr<PeerBytes> bytes_;
    std::string received_;
};

class LoopbackServer {
  public:
    // What serves one connection; the number counts them from 0. At its return it is closed.
    using Script = std::function<void(Peer& peer, int number)>;
    using Wrap = std::function<std::unique_ptr<PeerBytes>(int socket)>;

    explicit LoopbackServer(Script script, Wrap wrap = nullptr)
        : script_(std::move(script)), wrap_(std::move(wrap)),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
            ::listen(listener_, 64) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            std::abort();
        }
        port_ = ntohs(address.sin_port);
        acceptor_ = std::thread([this] { accept_all(); });
    }
    ~LoopbackServer() {
        stopping_ = true;
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        {
            const std::lock_guard lock(mutex_);
            for (const int socket : sockets_) {
                ::shutdown(socket, SHUT_RDWR);
            }
        }
        for (std::thread& thread : threads_) {
            thread.join();
        }
        ::close(listener_);
    }

    std::uint16_t port() const { return port_; }
    std::string url(std::string_view path = "/mcp") const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
    }
    int accepted() const { return accepted_; }

  private:
    void accept_all() {
        for (;;) {
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0 || stopping_) {
                ::close(socket);
                return;
            }
            const int yes = 1;
            ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            const std::lock_guard lock(mutex_);
            sockets_.push_back(socket);
            threads_.emplace_back([this, socket, number = accepted_++] { serve(socket, number); });
        }
    }
    void serve(int socket, int number) {
        Peer peer(socket, wrap_ ? wrap_(socket) : std::make_unique<PeerBytes>(socket));
        if (peer.begin()) {
            script_(peer, number);
        }
        const std::lock_guard lock(mutex_);
        sockets_.remove(socket);
        ::close(socket);
    }

    Script script_;
    Wrap wrap_;
    int listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> accepted_ = 0;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::list<int> sockets_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

// What scripts saw, readable while they run.
template <class T>
class Noted {
  public:
    void add(T value) {
        const std::lock_guard lock(mutex_);
        values_.push_back(std::move(value));
    }
    std::vector<T> all() const {
        const std::lock_guard lock(mutex_);
        return values_;
    }
    std::size_t size() const { return all().size(); }

  private:
    mutable std::mutex mutex_;
    std::vector<T> values_;
};

} // namespace gatehouse::test
