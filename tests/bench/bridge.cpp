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
        pending_[own] = {connection.fd, generations_[connection.fd],
                         std::string(body.substr(id->at, id->length))};
        child_out_.append(body.substr(0, id->at))
            .append(std::to_string(own))
            .append(body.substr(id->at + id->length));
        child_out_.push_back('\n');
    }
    connection.in.erase(0, done);
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

void Bridge::answer(std::string_view line) {
    const auto span = find_id(line);
    std::uint64_t own = 0;
    if (span) {
        std::from_chars(line.data() + span->at, line.data() + span->at + span->length, own);
    }
    const auto found = pending_.find(own);
    if (found == pending_.end()) {
        return;
    }
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    const auto connection = connections_.find(pending.fd);
    if (connection == connections_.end() || generations_[pending.fd] != pending.generation) {
        return;
    }
    const std::size_t length = line.size() - span->length + pending.id.size();
    std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ";
    head.append(std::to_string(length)).append("\r\n\r\n");
    send(connection->second, head, line.substr(0, span->at), pending.id,
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
