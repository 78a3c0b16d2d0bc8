// bench_bridge COMMAND [ARGUMENT…]: starts the connector, prints "listening on
// http://127.0.0.1:PORT" and serves any path. Ends with the connector, or by a signal (the
// connector then sees the end of its stdin).
#include "tests/bench/bridge.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace {

[[noreturn]] void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

struct Pipes {
    int to_child = -1;
    int from_child = -1;
};

Pipes start(char** command) {
    int down[2];
    int up[2];
    if (::pipe2(down, O_CLOEXEC) != 0 || ::pipe2(up, O_CLOEXEC) != 0) {
        give_up("pipe");
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, down[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, up[1], STDOUT_FILENO);
    pid_t pid = 0;
    errno = ::posix_spawnp(&pid, command[0], &actions, nullptr, command, environ);
    if (errno != 0) {
        give_up(command[0]);
    }
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(down[0]);
    ::close(up[1]);
    return {down[1], up[0]};
}

void shake_hands(const Pipes& pipes) {
    const std::string hello =
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
        R"("capabilities":{},"clientInfo":{"name":"bridge","version":"1"}}})"
        "\n";
    if (::write(pipes.to_child, hello.data(), hello.size()) < 0) {
        give_up("initialize");
    }
    char c = 0;
    while (c != '\n') {
        if (::read(pipes.from_child, &c, 1) != 1) {
            give_up("answer of initialize");
        }
    }
    const std::string ready = R"({"jsonrpc":"2.0","method":"notifications/initialized"})"
                              "\n";
    if (::write(pipes.to_child, ready.data(), ready.size()) < 0) {
        give_up("initialized");
    }
}

int listen_anywhere() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (fd < 0 || ::bind(fd, generic, length) != 0 || ::listen(fd, 1024) != 0 ||
        ::getsockname(fd, generic, &length) != 0) {
        give_up("listen");
    }
    std::printf("listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return fd;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: bench_bridge COMMAND [ARGUMENT...]\n");
        return 2;
    }
    ::signal(SIGPIPE, SIG_IGN);
    const Pipes pipes = start(argv + 1);
    shake_hands(pipes);
    gatehouse::bench::Bridge(listen_anywhere(), pipes.to_child, pipes.from_child).run();
    return 0;
}
