// Sets up an io_uring, whose operations pass by seccomp.
#include "tests/victims/victim.hpp"

#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <unistd.h>

int main() {
    io_uring_params parameters = {};
    if (syscall(SYS_io_uring_setup, 4, &parameters) < 0) {
        victim::blocked_by_errno("io_uring_setup");
    }
    victim::succeeded("set up");
}
