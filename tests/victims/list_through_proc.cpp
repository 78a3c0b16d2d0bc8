// Reaches another root through /proc/<pid>/root.
#include "tests/victims/victim.hpp"

#include <filesystem>

int main(int argc, char** argv) {
    std::error_code error;
    const std::string path = "/proc/" + victim::argument(argc, argv) + "/root/etc";
    const std::filesystem::directory_iterator entries(path, error);
    if (error) {
        victim::blocked(error.message());
    }
    victim::succeeded("listed " + path);
}
