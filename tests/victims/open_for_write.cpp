// Opens a file of the kernel or of another process for writing, and writes nothing.
#include "tests/victims/victim.hpp"

#include <fcntl.h>

int main(int argc, char** argv) {
    if (open(victim::argument(argc, argv).c_str(), O_RDWR) < 0) {
        victim::blocked_by_errno("open");
    }
    victim::succeeded("opened");
}
