#include "tests/bench/bridge.hpp"

#include "tests/bench/http_message.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace gatehouse::bench {
namespace {

constexpr std::size_t read_bytes = 256 * 1024;
constexpr std::string_view token_name = "\"progressToken\":";
constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::size_t event_bytes = 8; // "data: " and the empty line around a message

std::uint64_t number_at(std::string_view text, Span span) {
    std::uint64_t value = 0;
    std::from_chars(text.data() + span.at, text.data() + span.at + span.length, value);
    return value;
}

// The line before a chunk of that size.
void append_size(std::string& out, std::size_t size) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data())).append("\r\n");
}

void watch(int epoll, int fd, std::uint32_t events, int operation) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll, operation, fd, &event);
}

} // namespace

Bridge::Bridge(int listener, int to_child, int from_child)
    : listener_(listener), to_child_(to_child), from_child_(from_child),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(read_bytes) {
    ::fcntl(from_child_, F_SETFL, O_NONBLOCK);
    watch(epoll_, listener_, EPOLLIN, EPOLL_CTL_ADD);
    watch(epoll_, from_child_, EPOLLIN, EPOLL_CTL_ADD);
}

void Bridge::run() {
    std::array<epoll_event, 256> events{};
    while (true) {
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            if (event.data.fd == listener_) {
                accept_all();
            } else if (event.data.fd == from_child_) {
                if (!on_child_readable()) {
                    return;
                }
            } else if ((event.events & EPOLLOUT) != 0) {
                on_writable(event.data.fd);
            } else {
                on_readable(event.data.fd);
            }
        }
        flush_child();
    }
}

void Bridge::accept_all() {
    while (true) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connections_[fd].fd = fd;
        generations_[fd] = next_generation_++;
        watch(epoll_, fd, EPOLLIN, EPOLL_CTL_ADD);
    }
}

void Bridge::close(int fd) {
    connections_.erase(fd);
    generations_.erase(fd);
    ::close(fd);
}

void Bridge::on_readable(int fd) {
    const auto found = connections_.find(fd);
    if (found == connections_.end()) {
        return;
    }
    const ssize_t n = ::read(fd, buffer_.data(), buffer_.size());
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(fd);
        }
        return;
    }
    found->second.in.append(buffer_.data(), static_cast<std::size_t>(n));
    take_requests(found->second);
}

void Bridge::take_requests(Connection& connection) {
    std::size_t done = 0;
    while (true) {
        const std::string_view rest = std::string_view(connection.in).substr(done);
        const auto head = read_head(rest);
        if (!head || rest.size() < head->head_bytes + head->body_bytes) {
            break;
        }
        const std::string_view body = rest.substr(head->head_bytes, head->body_bytes);
        done += head->head_bytes + head->body_bytes;
        const auto id = find_id(body);
        if (!id) {
            continue;
        }
        const std::uint64_t own = next_id_++;
        Pending& pending = pending_[own];
        pending.fd = connection.fd;
        pending.generation = generations_[connection.fd];
        pending.id = body.substr(id->at, id->length);
        child_out_.append(body.substr(0, id->at)).append(std::to_string(own));
        pass_on(body.substr(id->at + id->length), own);
        child_out_.push_back('\n');
    }
    connection.in.erase(0, done);
}

// The rest of a request behind its id; a progressToken gives way to the bridge's own.
void Bridge::pass_on(std::string_view body, std::uint64_t own) {
    const auto token = find_value(body, token_name);
    if (token) {
        pending_[own].token = body.substr(token->at, token->length);
        child_out_.append(body.substr(0, token->at)).append(std::to_string(own));
        body.remove_prefix(token->at + token->length);
    }
    child_out_.append(body);
}

// Blocking: the connectors of this benchmark read as long as they run.
void Bridge::flush_child() {
    std::size_t done = 0;
    while (done < child_out_.size()) {
        const ssize_t n = ::write(to_child_, child_out_.data() + done, child_out_.size() - done);
        if (n < 0 && errno != EINTR) {
            break;
        }
        done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    child_out_.clear();
}

bool Bridge::on_child_readable() {
    const ssize_t n = ::read(from_child_, buffer_.data(), buffer_.size());
    if (n <= 0) {
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    }
    child_in_.append(buffer_.data(), static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end = child_in_.find('\n', child_scanned_); end != std::string::npos;
         end = child_in_.find('\n', begin)) {
        answer(std::string_view(child_in_).substr(begin, end - begin));
        begin = end + 1;
    }
    child_in_.erase(0, begin);
    child_scanned_ = child_in_.size();
    return true;
}

Bridge::Connection* Bridge::connection_of(const Pending& pending) {
    const auto found = connections_.find(pending.fd);
    const bool same = found != connections_.end() && generations_[pending.fd] == pending.generation;
    return same ? &found->second : nullptr;
}

// A notification of progress: the first one makes the answer an event stream.
void Bridge::report(std::string_view line) {
    const auto token = find_value(line, token_name);
    const auto found = token ? pending_.find(number_at(line, *token)) : pending_.end();
    Connection* connection = found == pending_.end() ? nullptr : connection_of(found->second);
    if (connection == nullptr) {
        return;
    }
    Pending& pending = found->second;
    std::string head = pending.streaming ? "" : std::string(stream_head);
    pending.streaming = true;
    append_size(head, line.size() - token->length + pending.token.size() + event_bytes);
    head.append("data: ");
    send(*connection, head, line.substr(0, token->at), pending.token,
         std::string(line.substr(token->at + token->length)).append("\n\n\r\n"));
}

void Bridge::answer(std::string_view line) {
    const auto span = find_id(line);
    if (!span) {
        return report(line);
    }
    const auto found = pending_.find(number_at(line, *span));
    if (found == pending_.end()) {
        return;
    }
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    Connection* connection = connection_of(pending);
    if (connection == nullptr) {
        return;
    }
    const std::size_t length = line.size() - span->length + pending.id.size();
    if (pending.streaming) {
        std::string event;
        append_size(event, length + event_bytes);
        event.append("data: ");
        return send(*connection, event, line.substr(0, span->at), pending.id,
                    std::string(line.substr(span->at + span->length)).append("\n\n\r\n0\r\n\r\n"));
    }
    std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    head.append(std::to_string(length)).append("\r\n\r\n");
    send(*connection, head, line.substr(0, span->at), pending.id,
         line.substr(span->at + span->length));
}

void Bridge::send(Connection& connection, std::string_view head, std::string_view body_front,
                  std::string_view id, std::string_view body_back) {
    const std::array<std::string_view, 4> parts = {head, body_front, id, body_back};
    std::size_t skipped = 0;
    if (connection.out.empty()) {
        std::array<iovec, 4> pieces{};
        for (std::size_t i = 0; i < parts.size(); ++i) {
            pieces[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
        }
        const ssize_t n = ::writev(connection.fd, pieces.data(), static_cast<int>(pieces.size()));
        skipped = n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    for (std::string_view part : parts) {
        const std::size_t cut = std::min(skipped, part.size());
        skipped -= cut;
        connection.out.append(part.substr(cut));
    }
    if (!connection.out.empty()) {
        watch(epoll_, connection.fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    }
}

void Bridge::on_writable(int fd) {
    const auto found = connections_.find(fd);
    if (found == connections_.end()) {
        return;
    }
    std::string& out = found->second.out;
    const ssize_t n = ::write(fd, out.data(), out.size());
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return close(fd);
    }
    out.erase(0, n > 0 ? static_cast<std::size_t>(n) : 0);
    if (out.empty()) {
        watch(epoll_, fd, EPOLLIN, EPOLL_CTL_MOD);
    }
}

} // namespace gatehouse::bench
