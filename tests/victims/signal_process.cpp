// Signals a process by its pid on the host (signal 0: permission and existence alone).
#include "tests/victims/victim.hpp"

#include <csignal>

int main(int argc, char** argv) {
    const int pid = std::atoi(victim::argument(argc, argv).c_str());
    if (kill(pid, 0) != 0) {
        victim::blocked_by_errno("kill");
    }
    victim::succeeded("signalled");
}
