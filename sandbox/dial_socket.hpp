// The daemon's half of a dial: what to do with a socket that init has made. Used by dial.cpp.
#pragma once

#include "sandbox/dial_table.hpp"

namespace gatehouse::sandbox {

struct DialTarget {
    int family = 0; // AF_INET or AF_INET6
    std::uint16_t port = 0;
};

// Whether the descriptor is a TCP socket of this family; it comes from another process.
bool is_stream_socket(int fd, int family);

// Waits until the socket is connected. The answer holds it non-blocking and with TCP_NODELAY, or
// the errno: ETIMEDOUT past the deadline, ECONNREFUSED also for a socket that met itself.
Task<DialAnswer> finish_connect(Executor executor, UniqueFd socket,
                                std::chrono::steady_clock::time_point deadline);

} // namespace gatehouse::sandbox
