// Looks for a variable of the daemon in the environment of every process but its own.
#include "tests/victims/victim.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

int main(int argc, char** argv) {
    const std::string needle = victim::argument(argc, argv);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos ||
            name == std::to_string(getpid())) {
            continue;
        }
        std::ifstream file(entry.path() / "environ", std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        if (text.str().find(needle) != std::string::npos) {
            victim::succeeded(entry.path().string());
        }
    }
    victim::blocked("no environment holds it");
}
