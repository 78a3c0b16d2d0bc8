#include "runtime/supervisor/process_memory.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t tree_processes_max_count = 1024;

std::uint64_t resident_bytes(const std::string& folder) {
    std::ifstream statm(folder + "/statm");
    std::uint64_t size_pages = 0;
    std::uint64_t resident_pages = 0;
    statm >> size_pages >> resident_pages;
    return statm ? resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

// The children are listed by the thread that made them.
void add_children(const std::string& folder, std::vector<pid_t>& found) {
    std::error_code code;
    std::filesystem::directory_iterator threads(folder + "/task", code);
    for (; !code && threads != std::filesystem::directory_iterator(); threads.increment(code)) {
        std::ifstream children(threads->path() / "children");
        pid_t child = 0;
        while (found.size() < tree_processes_max_count && children >> child) {
            found.push_back(child);
        }
    }
}

} // namespace

std::uint64_t tree_memory_bytes(pid_t root) {
    std::uint64_t total = 0;
    std::vector<pid_t> found{root};
    for (std::size_t index = 0; index < found.size(); ++index) {
        const std::string folder = "/proc/" + std::to_string(found[index]);
        total += resident_bytes(folder);
        add_children(folder, found);
    }
    return total;
}

} // namespace gatehouse::runtime
