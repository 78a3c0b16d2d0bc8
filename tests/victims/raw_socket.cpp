// Opens a raw socket.
#include "tests/victims/victim.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

int main() {
    if (socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0) {
        victim::blocked_by_errno("socket");
    }
    victim::succeeded("opened");
}
