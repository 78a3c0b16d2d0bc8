// Mounts a tmpfs, in namespaces of its own if need be (so that the control run leaves the host as
// it is).
#include "tests/victims/victim.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

int main() {
    const int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    const int unshared = unshare(flags);
    const int unshare_errno = errno;
    if (unshared == 0 && geteuid() == 0) {
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    }
    // Without a namespace of its own this is an attempt on the sandbox's.
    if (mount("victim", "/tmp", "tmpfs", 0, nullptr) != 0) {
        victim::blocked(std::string("unshare ") +
                        (unshared == 0 ? "ok" : std::strerror(unshare_errno)) + ", mount " +
                        std::strerror(errno));
    }
    victim::succeeded("mounted");
}
