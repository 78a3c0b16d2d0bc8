// Sockets: the daemon's own, exotic families, and addresses beyond the sandbox.
#include "tests/victims/corpus/corpus.hpp"

#include <arpa/inet.h>
#include <cstddef>
#include <fstream>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace corpus {
namespace {

Answer connect_unix(const std::string& path, bool abstract) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + (abstract ? 1 : 0), path.data(),
                std::min(path.size(), sizeof address.sun_path - 2));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto size = abstract ? offsetof(sockaddr_un, sun_path) + 1 + path.size() : sizeof address;
    return by_result(
        connect(fd, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size)));
}

Answer daemon_socket(const Targets& targets) {
    return connect_unix(targets.text("socket"), false);
}
Answer daemon_socket_by_proc(const Targets& targets) {
    return connect_unix("/proc/" + targets.text("daemon") + "/root" + targets.text("socket"),
                        false);
}
Answer abstract_socket(const Targets& targets) {
    return connect_unix(targets.text("abstract"), true);
}
Answer find_daemon_socket(const Targets& targets) {
    std::ifstream list("/proc/net/unix");
    if (!list) {
        return refused("ENOENT");
    }
    for (std::string line; std::getline(list, line);) {
        if (line.find(targets.text("socket")) != std::string::npos) {
            return harm("found");
        }
    }
    return refused("not in the list");
}

template <int Family, int Type, int Protocol>
Answer open_socket(const Targets&) {
    return by_result(socket(Family, Type | SOCK_CLOEXEC, Protocol));
}

Answer connect_inet(int type, const char* host, long port) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, host, &address.sin_addr);
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    return by_result(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

// A connected datagram socket needs a route; no byte leaves the machine.
Answer route_to(const char* host, long port) {
    return connect_inet(SOCK_DGRAM, host, port);
}

Answer tcp_loopback(const Targets& targets) {
    return connect_inet(SOCK_STREAM, "127.0.0.1", targets.number("port"));
}
Answer tcp_any(const Targets& targets) {
    return connect_inet(SOCK_STREAM, "0.0.0.0", targets.number("port"));
}
Answer udp_loopback(const Targets& targets) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(targets.number("udp")));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return refused(errno_name(errno));
    }
    send(fd, "x", 1, MSG_NOSIGNAL);
    return by_result(send(fd, "x", 1, MSG_NOSIGNAL)); // the refusal of the first comes here
}
Answer metadata_address(const Targets&) {
    return route_to("169.254.169.254", 80);
}
Answer public_address(const Targets&) {
    return route_to("198.51.100.1", 443);
}
Answer private_address(const Targets&) {
    return route_to("10.0.0.1", 80);
}
Answer public_dns(const Targets&) {
    return route_to("198.51.100.53", 53);
}
Answer multicast(const Targets&) {
    return route_to("239.255.255.250", 1900);
}

Answer set_option(int level, int option) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int value = 1;
    return by_result(setsockopt(fd, level, option, &value, sizeof value));
}
Answer packet_mark(const Targets&) {
    return set_option(SOL_SOCKET, SO_MARK);
}
Answer forced_buffer(const Targets&) {
    return set_option(SOL_SOCKET, SO_RCVBUFFORCE);
}
Answer foreign_source(const Targets&) {
    return set_option(IPPROTO_IP, IP_TRANSPARENT);
}

// Takes the loopback link down in a form that changes nothing: up stays up.
Answer change_link(const Targets&) {
    struct {
        nlmsghdr head;
        ifinfomsg link;
    } request = {};
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = RTM_NEWLINK;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    request.link.ifi_index = 1;
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (send(fd, &request, sizeof request, 0) < 0) {
        return refused(errno_name(errno));
    }
    alignas(nlmsghdr) char bytes[512] = {};
    if (recv(fd, bytes, sizeof bytes, 0) < static_cast<ssize_t>(sizeof(nlmsghdr))) {
        return untried("no answer");
    }
    nlmsgerr answer = {};
    std::memcpy(&answer, bytes + sizeof(nlmsghdr), sizeof answer);
    errno = -answer.error;
    return by_result(answer.error == 0 ? 0 : -1);
}

Answer other_interfaces(const Targets&) {
    std::ifstream list("/proc/self/net/dev");
    int count = 0;
    for (std::string line; std::getline(list, line);) {
        count += line.find(':') != std::string::npos ? 1 : 0;
    }
    return count > 1 ? harm("interfaces beside lo") : refused("no more than lo");
}

constexpr int raw = SOCK_RAW;
constexpr int message = SOCK_DGRAM;
constexpr int stream = SOCK_STREAM;

constexpr Attempt attempts[] = {
    {"daemon-socket", "the daemon's socket by its path", daemon_socket},
    {"daemon-socket-proc", "the same through /proc/<daemon>/root", daemon_socket_by_proc},
    {"daemon-socket-list", "the daemon's socket in /proc/net/unix", find_daemon_socket},
    {"abstract-socket", "an abstract socket of the host", abstract_socket},
    {"tcp-loopback", "a port on the host's loopback", tcp_loopback},
    {"tcp-any", "the same by 0.0.0.0", tcp_any},
    {"udp-loopback", "a datagram to the host's loopback", udp_loopback},
    {"metadata-address", "169.254.169.254", metadata_address},
    {"public-address", "a public address", public_address},
    {"private-address", "a private network", private_address},
    {"public-dns", "a name server elsewhere", public_dns},
    {"multicast", "the local network by multicast", multicast},
    {"netlink-netfilter", "the firewall", open_socket<AF_NETLINK, raw, NETLINK_NETFILTER>},
    {"netlink-xfrm", "IPsec", open_socket<AF_NETLINK, raw, NETLINK_XFRM>},
    {"netlink-audit", "the audit log", open_socket<AF_NETLINK, raw, NETLINK_AUDIT>},
    {"netlink-uevent", "device events", open_socket<AF_NETLINK, raw, NETLINK_KOBJECT_UEVENT>},
    {"netlink-generic", "generic netlink", open_socket<AF_NETLINK, raw, NETLINK_GENERIC>},
    {"netlink-diag", "all sockets", open_socket<AF_NETLINK, raw, NETLINK_SOCK_DIAG>},
    {"netlink-link", "a link changed", change_link},
    {"interfaces", "the host's interfaces", other_interfaces},
    {"packet-raw", "raw frames", open_socket<AF_PACKET, raw, 0>},
    {"packet-message", "cooked frames", open_socket<AF_PACKET, message, 0>},
    {"raw-icmp", "raw ICMP", open_socket<AF_INET, raw, IPPROTO_ICMP>},
    {"raw-ip", "raw IP", open_socket<AF_INET, raw, IPPROTO_RAW>},
    {"raw-icmp6", "raw ICMPv6", open_socket<AF_INET6, raw, IPPROTO_ICMPV6>},
    {"ping", "ICMP by datagram", open_socket<AF_INET, message, IPPROTO_ICMP>},
    {"mptcp", "multipath TCP", open_socket<AF_INET, stream, IPPROTO_MPTCP>},
    {"sctp", "SCTP", open_socket<AF_INET, stream, IPPROTO_SCTP>},
    {"udplite", "UDP-Lite", open_socket<AF_INET, message, IPPROTO_UDPLITE>},
    {"vsock", "the hypervisor", open_socket<AF_VSOCK, stream, 0>},
    {"alg", "the kernel's ciphers", open_socket<AF_ALG, SOCK_SEQPACKET, 0>},
    {"rds", "AF_RDS", open_socket<AF_RDS, SOCK_SEQPACKET, 0>},
    {"key", "AF_KEY", open_socket<AF_KEY, raw, 2>},
    {"xdp", "AF_XDP", open_socket<AF_XDP, raw, 0>},
    {"bluetooth", "AF_BLUETOOTH", open_socket<AF_BLUETOOTH, raw, 1>},
    {"can", "AF_CAN", open_socket<AF_CAN, raw, 1>},
    {"tipc", "AF_TIPC", open_socket<AF_TIPC, stream, 0>},
    {"smc", "AF_SMC", open_socket<AF_SMC, stream, 0>},
    {"socket-mark", "packets marked for the firewall", packet_mark},
    {"socket-buffer", "a buffer beyond the limit", forced_buffer},
    {"socket-transparent", "a source address of others", foreign_source},
};

} // namespace

std::span<const Attempt> socket_attempts() {
    return attempts;
}

} // namespace corpus
