// Takes a socket out of another process, by pidfd_getfd or through /proc, and writes to it.
// Arguments: pid, descriptor. Any socket among its own descriptors would do as well.
#include "tests/victims/victim.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
    const int pid = std::atoi(victim::argument(argc, argv, 1).c_str());
    const int wanted = std::atoi(victim::argument(argc, argv, 2).c_str());
    for (int fd = 0; fd < 4096; ++fd) {
        struct stat status = {};
        if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) {
            victim::succeeded("a socket was inherited");
        }
    }
    const long target = syscall(SYS_pidfd_open, pid, 0);
    const long taken = target < 0 ? -1 : syscall(SYS_pidfd_getfd, target, wanted, 0);
    if (taken >= 0 && send(static_cast<int>(taken), "x", 1, MSG_NOSIGNAL) == 1) {
        victim::succeeded("wrote to the socket");
    }
    const int error_number = errno;
    const std::string path = "/proc/" + std::to_string(pid) + "/fd";
    if (open((path + "/" + std::to_string(wanted)).c_str(), O_RDWR) >= 0) {
        victim::succeeded("opened " + path);
    }
    if (open(path.c_str(), O_RDONLY | O_DIRECTORY) >= 0) {
        victim::succeeded("listed " + path);
    }
    errno = error_number;
    victim::blocked_by_errno("pidfd_getfd");
}
