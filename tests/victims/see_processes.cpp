// Looks for a process of the host by a mark in its command line.
#include "tests/victims/victim.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

int main(int argc, char** argv) {
    const std::string mark = victim::argument(argc, argv);
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        // Its own command line carries the mark too.
        if (text.str().find(mark) != std::string::npos &&
            text.str().find("see_processes") == std::string::npos) {
            victim::succeeded(entry.path().string());
        }
    }
    victim::blocked("no such process in /proc");
}
