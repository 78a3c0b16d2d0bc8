// Connects to a unix socket of the host by its path.
#include "tests/victims/victim.hpp"

#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char** argv) {
    const std::string path = victim::argument(argc, argv);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        victim::blocked_by_errno("connect");
    }
    victim::succeeded("connected");
}
