// What the kernel knows of a TCP connection. Its own unit, kept out of the unity batches, because
// the kernel's header and the C library's define the same names. Pure reading.
#pragma once

#include <cstdint>
#include <optional>

namespace gatehouse::runtime {

struct TcpFacts {
    std::uint64_t confirmed_bytes = 0; // of ours, confirmed by the peer's host (tcpi_bytes_acked)
    bool closed = false;               // state CLOSE: nothing more can arrive at either end
};

// Empty if it is no TCP socket, or the kernel is older than 4.1.
std::optional<TcpFacts> tcp_facts_of(int socket);

} // namespace gatehouse::runtime
