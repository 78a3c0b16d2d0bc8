// A victim makes one attempt and says in one line how it went. It is run twice: outside the
// sandbox, where the attempt must succeed, and inside, where it must not.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace victim {

[[noreturn]] inline void succeeded(const std::string& what) {
    std::printf("SUCCEEDED: %s\n", what.c_str());
    std::fflush(stdout);
    std::_Exit(0);
}

[[noreturn]] inline void blocked(const std::string& what) {
    std::printf("blocked: %s\n", what.c_str());
    std::fflush(stdout);
    std::_Exit(0);
}

[[noreturn]] inline void blocked_by_errno(const std::string& what) {
    blocked(what + ": " + std::strerror(errno));
}

// The argument that every victim which needs one gets first.
inline std::string argument(int argc, char** argv, int index = 1) {
    if (argc <= index) {
        std::fprintf(stderr, "argument %d is missing\n", index);
        std::exit(2);
    }
    return argv[index];
}

} // namespace victim
