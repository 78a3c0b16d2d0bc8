#include "runtime/http_client/tcp_facts.hpp"

#include <cstddef>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace gatehouse::runtime {

namespace {

constexpr std::uint8_t tcp_state_close = 7; // TCP_CLOSE in the kernel

} // namespace

std::optional<TcpFacts> tcp_facts_of(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    constexpr std::size_t needed_bytes =
        offsetof(tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || size < needed_bytes) {
        return std::nullopt;
    }
    return TcpFacts{info.tcpi_bytes_acked, info.tcpi_state == tcp_state_close};
}

} // namespace gatehouse::runtime
