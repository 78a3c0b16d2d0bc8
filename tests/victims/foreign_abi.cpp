// Makes a system call through the 32-bit entry, whose numbers a careless filter does not know.
#include "tests/victims/victim.hpp"

int main() {
#if defined(__x86_64__)
    long answer = 20; // getpid there
    __asm__ volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
    if (answer > 0) {
        victim::succeeded("answered");
    }
#endif
    victim::blocked("no such entry");
}
