#include "runtime/supervisor/process_memory.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
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

// User and system time, its own and of the children that it waited for. The name, which comes
// before, may hold anything, also blanks and parentheses.
std::uint64_t cpu_time_ms(const std::string& folder) {
    constexpr int fields_before_times = 11; // after the name
    std::ifstream file(folder + "/stat");
    std::string line;
    std::getline(file, line);
    const auto name_end = line.rfind(')');
    if (name_end == std::string::npos) {
        return 0;
    }
    std::istringstream rest(line.substr(name_end + 1));
    std::string skipped;
    for (int field = 0; field < fields_before_times; ++field) {
        rest >> skipped;
    }
    std::uint64_t sum = 0;
    std::uint64_t ticks = 0;
    for (int time = 0; time < 4 && rest >> ticks; ++time) {
        sum += ticks;
    }
    return sum * 1000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
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

TreeUse tree_use(pid_t root) {
    TreeUse total;
    std::vector<pid_t> found{root};
    for (std::size_t index = 0; index < found.size(); ++index) {
        const std::string folder = "/proc/" + std::to_string(found[index]);
        total.memory_bytes += resident_bytes(folder);
        total.cpu_ms += cpu_time_ms(folder);
        add_children(folder, found);
    }
    return total;
}

std::uint64_t tree_memory_bytes(pid_t root) {
    return tree_use(root).memory_bytes;
}

} // namespace gatehouse::runtime
