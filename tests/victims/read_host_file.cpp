// Reads a file of the host by its path.
#include "tests/victims/victim.hpp"

#include <fstream>

int main(int argc, char** argv) {
    std::ifstream file(victim::argument(argc, argv));
    std::string content;
    if (!std::getline(file, content)) {
        victim::blocked_by_errno("open");
    }
    victim::succeeded(content);
}
