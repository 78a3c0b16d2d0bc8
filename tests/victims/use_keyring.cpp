// Leaves a key in the keyring of its session.
#include "tests/victims/victim.hpp"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main() {
    if (syscall(SYS_add_key, "user", "gatehouse-victim", "x", 1, KEY_SPEC_PROCESS_KEYRING) < 0) {
        victim::blocked_by_errno("add_key");
    }
    victim::succeeded("added");
}
