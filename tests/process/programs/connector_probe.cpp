// A native connector for the process tests: one mode per question that a test asks.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace {

int echo() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::cout << "echo: " << line << std::endl;
    }
    return 0;
}

int print_environment() {
    std::vector<std::string> lines(
        environ, environ + [] {
            int count = 0;
            while (environ[count] != nullptr) {
                ++count;
            }
            return count;
        }());
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) {
        std::cout << line << "\n";
    }
    return 0;
}

int print_descriptors() {
    for (int fd = 0; fd < 4096; ++fd) {
        struct stat status = {};
        if (fstat(fd, &status) == 0) {
            std::cout << fd << "\n";
        }
    }
    return 0;
}

int print_identity() {
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line)) {
        for (const char* key :
             {"Uid:", "Gid:", "Groups:", "Cap", "NoNewPrivs:", "Seccomp:", "NSpid:"}) {
            if (line.rfind(key, 0) == 0) {
                std::cout << line << "\n";
            }
        }
    }
    char host[256] = {};
    gethostname(host, sizeof host - 1);
    std::cout << "pid " << getpid() << "\nhost " << host << "\ncwd "
              << std::filesystem::current_path().string() << "\numask " << std::oct << umask(0)
              << "\n";
    return 0;
}

int print_limits() {
    const std::pair<const char*, __rlimit_resource> limits[] = {
        {"core", RLIMIT_CORE},     {"data", RLIMIT_DATA},   {"fsize", RLIMIT_FSIZE},
        {"nofile", RLIMIT_NOFILE}, {"nproc", RLIMIT_NPROC}, {"as", RLIMIT_AS}};
    for (const auto& [name, resource] : limits) {
        rlimit value = {};
        getrlimit(resource, &value);
        std::cout << name << " " << static_cast<long long>(value.rlim_max) << "\n";
    }
    return 0;
}

int fill(const char* path, std::size_t megabytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    std::FILE* file = std::fopen(path, "w");
    const std::vector<char> block(1U << 20, 'x');
    std::size_t written = 0;
    while (file != nullptr && written < megabytes &&
           std::fwrite(block.data(), block.size(), 1, file) == 1 && std::fflush(file) == 0) {
        ++written;
    }
    std::cout << "wrote " << written << " MiB, " << std::strerror(errno) << "\n";
    return 0;
}

int allocate(std::size_t megabytes) {
    std::size_t held = 0;
    while (held < megabytes) {
        void* block =
            mmap(nullptr, 1U << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            break;
        }
        std::memset(block, 1, 1U << 20);
        ++held;
    }
    std::cout << "held " << held << " MiB\n";
    return 0;
}

int fork_many(int count) {
    int made = 0;
    while (made < count) {
        const pid_t pid = fork();
        if (pid < 0) {
            break;
        }
        if (pid == 0) {
            pause();
            _exit(0);
        }
        ++made;
    }
    std::cout << "forked " << made << "\n";
    return 0;
}

int print_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::cout << "unreadable: " << std::strerror(errno) << "\n";
        return 0;
    }
    std::cout << file.rdbuf();
    return 0;
}

int list(const char* path) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
        names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        std::cout << name << "\n";
    }
    if (error) {
        std::cout << "error: " << error.message() << "\n";
    }
    return 0;
}

int wait_for_term() {
    std::signal(SIGTERM, [](int) { std::_Exit(7); });
    std::cout << "ready" << std::endl;
    for (;;) {
        pause();
    }
}

int run(const std::string& mode, const char* first, const char* second) {
    const auto number = [](const char* text) {
        return static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
    };
    if (mode == "echo") {
        return echo();
    }
    if (mode == "env") {
        return print_environment();
    }
    if (mode == "fds") {
        return print_descriptors();
    }
    if (mode == "identity") {
        return print_identity();
    }
    if (mode == "limits") {
        return print_limits();
    }
    if (mode == "exit") {
        return static_cast<int>(number(first));
    }
    if (mode == "raise") {
        return std::raise(static_cast<int>(number(first)));
    }
    if (mode == "term") {
        return wait_for_term();
    }
    if (mode == "cat") {
        return print_file(first);
    }
    if (mode == "list") {
        return list(first);
    }
    if (mode == "fill") {
        return fill(first, number(second));
    }
    if (mode == "allocate") {
        return allocate(number(first));
    }
    if (mode == "fork") {
        return fork_many(static_cast<int>(number(first)));
    }
    std::cerr << "unknown mode\n";
    return 2;
}

} // namespace

int main(int argc, char** argv) {
    return run(argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : "");
}
