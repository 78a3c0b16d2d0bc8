// Launches a connector and holds it until it is killed itself: what a daemon is to a test of its
// death. Arguments: jail, code folder, uid, command. Prints "running" once the connector has said
// something.
#include "sandbox/launcher.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <unistd.h>

using namespace gatehouse;

namespace {

Task<void> hold(sandbox::Launcher& launcher, sandbox::LaunchPlan plan) {
    auto launched = co_await launcher.launch(std::move(plan), std::chrono::seconds(20));
    if (!launched) {
        std::printf("%s\n", to_text(launched.error()).c_str());
        std::fflush(stdout);
        co_return;
    }
    const UniqueFd input = (*launched)->take_stdin();
    const UniqueFd output = (*launched)->take_stdout();
    pollfd watched = {output.get(), POLLIN, 0};
    poll(&watched, 1, 20'000);
    std::printf("running %d\n", static_cast<int>((*launched)->jail_pid()));
    std::fflush(stdout);
    const sandbox::Outcome outcome = co_await (*launched)->wait();
    std::printf("%s\n", to_text(outcome).c_str());
}

void rethrow(std::exception_ptr error) {
    if (error) {
        std::rethrow_exception(error);
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 5) {
        return 2;
    }
    asio::io_context loop(1);
    auto launcher = sandbox::Launcher::make(loop.get_executor(), argv[1]);
    if (!launcher) {
        std::printf("%s\n", to_text(launcher.error()).c_str());
        return 1;
    }
    sandbox::LaunchPlan plan;
    plan.connector = "holder";
    plan.code_dir = argv[2];
    plan.uid = static_cast<std::uint32_t>(std::atoi(argv[3]));
    plan.command.assign(argv + 4, argv + argc);
    asio::co_spawn(loop, hold(**launcher, std::move(plan)), rethrow);
    loop.run();
    return 0;
}
