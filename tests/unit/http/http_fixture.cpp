#include "http_fixture.hpp"

#include <arpa/inet.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstring>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace gatehouse::gateway::test {

std::string RouteHandler::big_body() {
    std::string body(1 << 20, ' ');
    for (std::size_t i = 0; i < body.size(); ++i) {
        body[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
    }
    return body;
}

std::optional<HttpReply> RouteHandler::check_head(const HttpRequest& head) {
    if (head.path() != "/refused") {
        return std::nullopt;
    }
    HttpReply reply;
    reply.status = 401;
    reply.body = "who are you";
    return reply;
}

Task<void> RouteHandler::handle(HttpRequest request, HttpResponder& responder) {
    ++handled_count;
    const std::string path(request.path());
    HttpReply reply;
    if (path == "/stream") {
        std::vector<std::pair<std::string, std::string>> no_headers;
        co_await responder.start_stream(200, "text/event-stream", std::move(no_headers));
        co_await responder.write("one ");
        co_await responder.write("");
        HttpReply pieces;
        pieces.body_prefix = "t";
        pieces.body = "xxwoyy";
        pieces.body_offset = 2;
        pieces.body_length = 2;
        pieces.body_suffix = " ";
        co_await responder.write_reply_body(std::move(pieces));
        co_await responder.write("three");
        co_await responder.finish();
        co_return;
    }
    if (path == "/wait") {
        co_await wait_for_release(responder);
        co_return;
    }
    if (path == "/flood") {
        co_await flood(responder);
        co_return;
    }
    if (path == "/silent") {
        co_return;
    }
    if (path == "/throw") {
        throw std::runtime_error("thrown on purpose");
    }
    if (path == "/big") {
        reply.body_prefix = "<<";
        reply.body = "skipped" + big_body() + "cut";
        reply.body_offset = 7;
        reply.body_length = 1 << 20;
        reply.body_suffix = ">>";
    } else if (path == "/inject") {
        reply.headers = {{"X-Good", "a\r\nX-Bad: b"}, {"Bad Name", "c"}, {"Content-Length", "999"}};
    } else if (path == "/nothing") {
        reply.status = 204;
        reply.body = "not sent";
    } else {
        reply.body = request.method + " " + path + " " + request.body;
        reply.headers.emplace_back("X-Peer", request.peer);
    }
    co_await responder.send(std::move(reply));
}

Task<void> RouteHandler::wait_for_release(HttpResponder& responder) {
    auto gone = std::make_shared<bool>(false);
    std::function<void()> on_gone = [this, gone] {
        *gone = true;
        ++disconnect_count;
    };
    responder.on_disconnect(std::move(on_gone));
    ++waiting_count;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    while (!*gone && !released) {
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::use_awaitable);
    }
    HttpReply reply;
    reply.body = "released";
    co_await responder.send(std::move(reply));
}

Task<void> RouteHandler::flood(HttpResponder& responder) {
    std::vector<std::pair<std::string, std::string>> no_headers;
    co_await responder.start_stream(200, "text/plain", std::move(no_headers));
    bool more = true;
    while (more) {
        std::string bytes(64 * 1024, 'f');
        more = co_await responder.write(std::move(bytes));
    }
    flood_ended = true;
    co_await responder.finish();
}

ServerFixture::ServerFixture(HttpLimits limits)
    : server(context.get_executor(), handler, limits), tasks_(context.get_executor()) {}

void ServerFixture::start() {
    tasks_.spawn("server", server.run());
    thread_ = std::thread([this] { context.run(); });
}

void ServerFixture::stop(std::chrono::milliseconds grace) {
    if (thread_.joinable()) {
        asio::post(context, [this, grace] { server.stop(grace); });
        thread_.join();
    }
}

ServerFixture::~ServerFixture() {
    stop(std::chrono::milliseconds(0));
}

namespace {
void set_receive_timeout(int fd) {
    const timeval timeout{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}
} // namespace

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    set_receive_timeout(fd_);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("connect");
    }
}

RawClient::RawClient(const std::string& unix_path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, unix_path.c_str(), sizeof address.sun_path - 1);
    set_receive_timeout(fd_);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("connect");
    }
}

RawClient::~RawClient() {
    close();
}

void RawClient::close() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

void RawClient::send(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto step = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (step <= 0) {
            return; // the server closed; the reply tells why
        }
        sent += static_cast<std::size_t>(step);
    }
}

bool RawClient::fill() {
    std::string step(64 * 1024, '\0');
    const auto got = ::recv(fd_, step.data(), step.size(), 0);
    if (got <= 0) {
        return false;
    }
    buffer_.append(step, 0, static_cast<std::size_t>(got));
    return true;
}

std::string RawClient::take(std::size_t bytes) {
    while (buffer_.size() < bytes && fill()) {
    }
    std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
}

std::string RawClient::take_line() {
    while (buffer_.find("\r\n") == std::string::npos && fill()) {
    }
    const auto end = buffer_.find("\r\n");
    if (end == std::string::npos) {
        return {};
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
}

ReceivedReply RawClient::read_reply(bool head_only) {
    ReceivedReply reply;
    reply.head = take_line();
    if (reply.head.size() < 12) {
        return reply;
    }
    reply.status = std::stoi(reply.head.substr(9, 3));
    for (std::string line = take_line(); !line.empty(); line = take_line()) {
        const auto colon = line.find(": ");
        std::string name = line.substr(0, colon);
        for (char& c : name) {
            c = static_cast<char>(std::tolower(c));
        }
        reply.headers[name] = line.substr(colon + 2);
    }
    if (head_only) {
        return reply;
    }
    if (reply.headers.count("content-length") != 0) {
        reply.body = take(std::stoul(reply.headers["content-length"]));
    } else if (reply.headers.count("transfer-encoding") != 0) {
        for (auto size = std::stoul(take_line(), nullptr, 16); size != 0;
             size = std::stoul(take_line(), nullptr, 16)) {
            reply.body += take(size);
            take_line();
        }
        take_line();
    } else if (reply.status >= 200 && reply.status != 204) {
        while (fill()) {
        }
        reply.body = std::exchange(buffer_, {});
    }
    return reply;
}

bool RawClient::closed_by_server() {
    char byte = 0;
    const auto got = ::recv(fd_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

} // namespace gatehouse::gateway::test
