#include "gateway/http/listening_socket.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace gatehouse::gateway {

namespace {

constexpr int listen_backlog_count = 1024;
constexpr int listen_socket_flags = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

Error listen_error(const std::string& where, const std::string& why, const std::string& action) {
    return Error{"GH-C520", "cannot listen", where, why, action};
}

std::string tcp_action(int error_number, std::uint16_t port) {
    const std::string number = std::to_string(port);
    switch (error_number) {
    case EADDRINUSE:
        return "stop the program that holds it (ss -ltnp 'sport = :" + number +
               "' names it) or set another port";
    case EACCES:
    case EPERM:
        return "take a port of 1024 or above, or allow low ports to this user "
               "(CAP_NET_BIND_SERVICE)";
    case EADDRNOTAVAIL:
        return "set the address of an interface of this machine; 127.0.0.1 is the usual one";
    default:
        return "check the listen address";
    }
}

// Options that accepted sockets inherit from the listening one on Linux.
void set_tcp_options(int fd) {
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

std::uint16_t bound_port(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        return 0;
    }
    if (address.ss_family == AF_INET6) {
        return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    }
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// Whether somebody accepts on the socket file at the address.
bool socket_file_is_live(const sockaddr_un& address) {
    const UniqueFd probe(::socket(AF_UNIX, listen_socket_flags, 0));
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(probe.get(), generic, sizeof address) == 0 || errno == EAGAIN ||
           errno == EINPROGRESS;
}

Result<void> clear_stale_socket_file(const std::filesystem::path& path,
                                     const sockaddr_un& address) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) {
        return {};
    }
    if (!S_ISSOCK(status.st_mode)) {
        return listen_error(path.string(), "a file that is no socket is in the way",
                            "remove it or set another path");
    }
    if (socket_file_is_live(address)) {
        return listen_error(path.string(), "another process listens on it",
                            "stop the other daemon, or give this one a data folder of its own");
    }
    if (::unlink(path.c_str()) != 0) {
        return listen_error(path.string(), "cannot replace the stale socket: " + errno_text(errno),
                            "remove the file");
    }
    return {};
}

std::string inet_peer_text(const sockaddr_storage& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET6) {
        const auto& inet6 = reinterpret_cast<const sockaddr_in6&>(address);
        ::inet_ntop(AF_INET6, &inet6.sin6_addr, text.data(), text.size());
        return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(inet6.sin6_port));
    }
    const auto& inet = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &inet.sin_addr, text.data(), text.size());
    return std::string(text.data()) + ":" + std::to_string(ntohs(inet.sin_port));
}

void check_unix_peer(AcceptedSocket& accepted) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(accepted.fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
        accepted.allowed = false;
        return;
    }
    accepted.peer = "uid:" + std::to_string(peer.uid);
    accepted.allowed = peer.uid == 0 || peer.uid == ::geteuid();
}

} // namespace

Result<ListeningSocket> open_tcp_socket(const std::string& host, std::uint16_t port) {
    const std::string where = host + ":" + std::to_string(port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failure = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (failure != 0) {
        return listen_error(where, ::gai_strerror(failure), tcp_action(0, port));
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    ListeningSocket result;
    result.family = found->ai_family;
    result.fd = UniqueFd(::socket(found->ai_family, listen_socket_flags, 0));
    if (!result.fd) {
        return listen_error(where, errno_text(errno), tcp_action(errno, port));
    }
    set_tcp_options(result.fd.get());
    if (::bind(result.fd.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(result.fd.get(), listen_backlog_count) != 0) {
        const int error_number = errno;
        return listen_error(where, errno_text(error_number), tcp_action(error_number, port));
    }
    result.port = bound_port(result.fd.get());
    return result;
}

Result<ListeningSocket> open_unix_socket(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.empty() || text.size() >= sizeof address.sun_path) {
        return listen_error(text, "the path of a unix socket has at most 107 bytes",
                            "set a shorter path");
    }
    std::copy(text.begin(), text.end(), address.sun_path);
    auto cleared = clear_stale_socket_file(path, address);
    if (!cleared) {
        return std::move(cleared).error();
    }
    ListeningSocket result;
    result.family = AF_UNIX;
    result.path = path;
    result.fd = UniqueFd(::socket(AF_UNIX, listen_socket_flags, 0));
    // The mode is right from the first moment, so that nobody connects before a chmod.
    const mode_t old_mask = ::umask(0177);
    const bool bound =
        ::bind(result.fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(result.fd.get(), listen_backlog_count) == 0;
    const int error_number = errno;
    ::umask(old_mask);
    if (!bound) {
        return listen_error(text, errno_text(error_number),
                            "check that the folder exists and that this user may write to it");
    }
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) {
        result.device = status.st_dev;
        result.inode = status.st_ino;
    }
    return result;
}

Result<ListeningSocket> adopt_listening_socket(UniqueFd fd) {
    const std::string where = "inherited descriptor " + std::to_string(fd.get());
    const auto option = [&](int name) {
        int value = -1;
        socklen_t length = sizeof value;
        return ::getsockopt(fd.get(), SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
    };
    const int family = option(SO_DOMAIN);
    const bool usable = option(SO_ACCEPTCONN) == 1 && option(SO_TYPE) == SOCK_STREAM &&
                        (family == AF_UNIX || family == AF_INET || family == AF_INET6);
    if (!usable) {
        return listen_error(where, "it is no listening stream socket, TCP or unix",
                            "use ListenStream= and Accept=no in the socket unit");
    }
    const int status_flags = ::fcntl(fd.get(), F_GETFL);
    ::fcntl(fd.get(), F_SETFL, status_flags | O_NONBLOCK);
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    ListeningSocket result;
    result.family = family;
    if (family != AF_UNIX) {
        set_tcp_options(fd.get());
        result.port = bound_port(fd.get());
    }
    result.fd = std::move(fd);
    return result;
}

std::string bound_address_text(const ListeningSocket& socket) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const bool known =
        ::getsockname(socket.fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0;
    return known && socket.family != AF_UNIX ? inet_peer_text(address) : "";
}

void close_listening_socket(ListeningSocket& socket) {
    struct stat status{};
    if (socket.fd && socket.inode != 0 && ::lstat(socket.path.c_str(), &status) == 0 &&
        status.st_dev == socket.device && status.st_ino == socket.inode) {
        ::unlink(socket.path.c_str());
    }
    socket.fd.reset();
}

AcceptedSocket accept_from(const ListeningSocket& socket) {
    AcceptedSocket accepted;
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    accepted.fd = UniqueFd(::accept4(socket.fd.get(), reinterpret_cast<sockaddr*>(&address),
                                     &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!accepted.fd) {
        accepted.error_number = errno;
    } else if (socket.family == AF_UNIX) {
        check_unix_peer(accepted);
    } else {
        accepted.peer = inet_peer_text(address);
    }
    return accepted;
}

} // namespace gatehouse::gateway
