// A connector that listens on its own loopback, in one of several ways. Arguments: mode, port and,
// by mode, a text. Prints "ready" once it listens.
#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

int listen_v4(int port, int backlog) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    return bound && listen(fd, backlog) == 0 ? fd : -1;
}

int listen_v6(int port, int backlog) {
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(static_cast<std::uint16_t>(port));
    address.sin6_addr = in6addr_loopback;
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    return bound && listen(fd, backlog) == 0 ? fd : -1;
}

void send_all(int fd, const char* bytes, std::size_t size) {
    while (size > 0) {
        const ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes += sent;
        size -= static_cast<std::size_t>(sent);
    }
}

void echo(int fd) {
    char buffer[16384];
    for (ssize_t size = 0; (size = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
        send_all(fd, buffer, static_cast<std::size_t>(size));
    }
    close(fd);
}

int serve(int listener, const std::string& mode, const std::string& text) {
    for (;;) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            return 4;
        }
        if (mode == "greet") {
            send_all(fd, text.data(), text.size());
            close(fd);
        } else {
            std::thread(echo, fd).detach();
        }
    }
}

// Sends descriptors to itself and never receives them, until the kernel refuses.
void hoard() {
    constexpr int per_message = 250;
    int fds[per_message];
    for (int& fd : fds) {
        fd = 0;
    }
    alignas(cmsghdr) char space[CMSG_SPACE(sizeof fds)] = {};
    for (int count = 0; count < 100; ++count) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) != 0) {
            return;
        }
        char byte = 0;
        iovec part = {&byte, 1};
        msghdr message = {};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = space;
        message.msg_controllen = sizeof space;
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fds);
        std::memcpy(CMSG_DATA(header), fds, sizeof fds);
        if (sendmsg(ends[0], &message, MSG_DONTWAIT) < 0) {
            std::printf("hoarded %d: %s\n", count * per_message, std::strerror(errno));
            return;
        }
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        return 2;
    }
    const std::string mode = argv[1];
    const int port = std::atoi(argv[2]);
    const int backlog = mode == "full" ? 0 : 64;
    const int listener = mode == "echo6" ? listen_v6(port, backlog) : listen_v4(port, backlog);
    if (listener < 0) {
        std::printf("cannot listen: %s\n", std::strerror(errno));
        return 3;
    }
    if (mode == "hoard") {
        hoard();
    }
    std::printf("ready\n");
    std::fflush(stdout);
    if (mode == "full") { // never accepts
        for (;;) {
            pause();
        }
    }
    return serve(listener, mode, argc > 3 ? argv[3] : "");
}
