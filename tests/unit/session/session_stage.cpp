#include "tests/unit/session/session_stage.hpp"

#include <boost/asio/steady_timer.hpp>
#include <spawn.h>
#include <sys/wait.h>

namespace session_test {

Task<void> Stage::until(Stage& stage, std::function<bool()> done) {
    asio::steady_timer timer(stage.io);
    while (!done()) {
        timer.expires_after(1ms);
        co_await timer.async_wait(asio::use_awaitable);
    }
}

bool Stage::play_program(const std::vector<std::string>& command, Body body,
                         SessionOptions options) {
    std::signal(SIGPIPE, SIG_IGN);
    int to_program[2];
    int from_program[2];
    if (::pipe2(to_program, O_CLOEXEC) != 0 || ::pipe2(from_program, O_CLOEXEC) != 0) {
        return false;
    }
    UniqueFd its_input(to_program[0]);
    UniqueFd its_output(from_program[1]);
    session =
        std::make_unique<StdioSession>(io.get_executor(), UniqueFd(to_program[1]),
                                       UniqueFd(from_program[0]), std::move(options), events());
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, its_input.get(), 0);
    ::posix_spawn_file_actions_adddup2(&actions, its_output.get(), 1);
    pid_t program = -1;
    char* const environment[] = {nullptr};
    const int failure =
        ::posix_spawn(&program, arguments[0], &actions, nullptr, arguments.data(), environment);
    ::posix_spawn_file_actions_destroy(&actions);
    its_input.reset();
    its_output.reset();
    if (failure != 0) {
        return false;
    }
    const bool ended = run(body);
    ::kill(program, SIGKILL);
    ::waitpid(program, nullptr, 0);
    return ended;
}

} // namespace session_test
