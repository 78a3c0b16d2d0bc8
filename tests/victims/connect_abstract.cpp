// Connects to an abstract unix socket of the host.
#include "tests/victims/victim.hpp"

#include <cstddef>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char** argv) {
    const std::string name = victim::argument(argc, argv);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        victim::blocked_by_errno("connect");
    }
    victim::succeeded("connected");
}
