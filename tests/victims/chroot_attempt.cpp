// Changes its root, the first half of the classic way out.
#include "tests/victims/victim.hpp"

#include <unistd.h>

int main() {
    if (chroot("/tmp") != 0) {
        victim::blocked_by_errno("chroot");
    }
    victim::succeeded("changed");
}
