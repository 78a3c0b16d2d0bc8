// Changes a file: its own code, or a runtime of the host.
#include "tests/victims/victim.hpp"

#include <fcntl.h>
#include <unistd.h>

int main(int argc, char** argv) {
    const std::string path = victim::argument(argc, argv);
    const int fd = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT, 0644);
    if (fd < 0 || write(fd, "\n", 1) != 1) {
        victim::blocked_by_errno("write");
    }
    victim::succeeded("written " + path);
}
