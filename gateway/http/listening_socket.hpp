// Listening sockets, TCP and unix, and what is accepted from them. All descriptors are
// close-on-exec and non-blocking from their creation, because Asio 1.81 does not do that.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>

namespace gatehouse::gateway {

struct ListeningSocket {
    UniqueFd fd;
    int family = 0;
    std::uint16_t port = 0;     // TCP
    std::filesystem::path path; // unix
    dev_t device = 0;           // unix: which file is ours to remove
    ino_t inode = 0;
};

// Error GH-C520, with what to do.
Result<ListeningSocket> open_tcp_socket(const std::string& host, std::uint16_t port);
// Mode 0600. Replaces a socket file nobody listens on; refuses a live one and any other kind of
// file.
Result<ListeningSocket> open_unix_socket(const std::filesystem::path& path);
// Takes over one that is bound and listens, made by somebody else; it becomes close-on-exec and
// non-blocking. TCP or unix.
Result<ListeningSocket> adopt_listening_socket(UniqueFd fd);
// "127.0.0.1:8080", "[::1]:8080"; of TCP.
std::string bound_address_text(const ListeningSocket& socket);
// Closes it and removes the socket file, if it is still ours.
void close_listening_socket(ListeningSocket& socket);

struct AcceptedSocket {
    UniqueFd fd;
    std::string peer;     // as HttpRequest::peer
    int error_number = 0; // EAGAIN: nobody waits
    bool allowed = true;  // unix: the peer runs as this user or as root
};
AcceptedSocket accept_from(const ListeningSocket& socket);

} // namespace gatehouse::gateway
