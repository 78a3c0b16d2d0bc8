// Makes a device node for the machine's memory.
#include "tests/victims/victim.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int main() {
    const std::string path = "/tmp/gatehouse-victim-" + std::to_string(getpid());
    if (mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 1)) != 0) {
        victim::blocked_by_errno("mknod");
    }
    unlink(path.c_str());
    victim::succeeded("made");
}
