// Connects to a TCP port on the host's loopback.
#include "tests/victims/victim.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

int main(int argc, char** argv) {
    const int port = std::atoi(victim::argument(argc, argv).c_str());
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        victim::blocked_by_errno("connect");
    }
    victim::succeeded("connected");
}
