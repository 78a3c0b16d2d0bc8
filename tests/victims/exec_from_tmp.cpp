// Copies a program to /tmp and executes the copy.
#include "tests/victims/victim.hpp"

#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

int main() {
    const std::string copy = "/tmp/gatehouse-victim-" + std::to_string(getpid());
    std::error_code error;
    std::filesystem::copy_file("/bin/true", copy, error);
    if (error) {
        victim::blocked("copy: " + error.message());
    }
    const pid_t pid = fork();
    if (pid == 0) {
        execl(copy.c_str(), copy.c_str(), nullptr);
        _exit(errno == 0 ? 1 : errno);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    std::filesystem::remove(copy, error);
    if (status != 0) {
        errno = WEXITSTATUS(status);
        victim::blocked_by_errno("exec");
    }
    victim::succeeded("executed from /tmp");
}
