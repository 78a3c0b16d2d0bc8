// Takes more than its share, in one way a run. Prints "held N MiB" (or "forked N") at the end, if
// it gets there.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t mib = 1U << 20;

int say_held(int held) {
    std::printf("held %d MiB\n", held);
    std::fflush(stdout);
    return 0;
}

int eat_by_malloc(int count) {
    int held = 0;
    for (; held < count; ++held) {
        void* block = std::malloc(mib);
        if (block == nullptr) {
            break;
        }
        std::memset(block, 1, mib);
        asm volatile("" : : "r"(block) : "memory"); // or the compiler leaves all of it out
    }
    return say_held(held);
}

int reserve(int count) {
    void* block = mmap(nullptr, static_cast<std::size_t>(count) * mib, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return say_held(block != MAP_FAILED ? count : 0);
}

int eat_by_shared_memory(int count) {
    int held = 0;
    for (; held < count; ++held) {
        void* block = mmap(nullptr, mib, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            break;
        }
        std::memset(block, 1, mib);
    }
    return say_held(held);
}

int eat_by_memfd(int count) {
    static const std::string block(mib, 'x');
    const int file = memfd_create("eater", 0);
    int held = 0;
    while (held < count && write(file, block.data(), block.size()) == static_cast<ssize_t>(mib)) {
        ++held;
    }
    return say_held(held);
}

int fork_until_refused(int count) {
    int made = 0;
    for (; made < count; ++made) {
        const pid_t pid = fork();
        if (pid < 0) {
            break;
        }
        if (pid == 0) {
            pause();
            _exit(0);
        }
    }
    std::printf("forked %d\n", made);
    return 0;
}

// The child eats and is killed; the parent tells how it ended and lives until its input ends.
int outlive_a_child(int count) {
    const pid_t pid = fork();
    if (pid == 0) {
        eat_by_malloc(count);
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    std::printf("child %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    std::fflush(stdout);
    char byte = 0;
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string way = argc > 1 ? argv[1] : "";
    const int count = argc > 2 ? std::atoi(argv[2]) : 0;
    if (way == "malloc") {
        return eat_by_malloc(count);
    }
    if (way == "reserve") {
        return reserve(count);
    }
    if (way == "shared") {
        return eat_by_shared_memory(count);
    }
    if (way == "memfd") {
        return eat_by_memfd(count);
    }
    if (way == "fork") {
        return fork_until_refused(count);
    }
    if (way == "child") {
        return outlive_a_child(count);
    }
    return 2;
}
