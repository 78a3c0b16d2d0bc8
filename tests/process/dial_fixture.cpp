#include "tests/process/dial_fixture.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>

namespace gatehouse::testing {
namespace {

using namespace std::chrono_literals;

constexpr int patience_ms = 20'000;

Task<void> launch_connector(SandboxFixture& fixture, sandbox::LaunchPlan plan,
                            RunningConnector& connector) {
    auto launched = co_await fixture.launcher().launch(std::move(plan), 20s);
    REQUIRE(launched.has_value());
    connector.child = std::move(*launched);
}

Task<void> await_end(sandbox::ChildProcess& child) {
    co_await child.wait();
}

Task<void> dial_once(sandbox::ChildProcess& child, std::uint16_t port,
                     std::chrono::milliseconds deadline, std::optional<Result<UniqueFd>>& answer) {
    auto dialling = child.dial(port, deadline);
    answer = co_await std::move(dialling);
}

} // namespace

RunningConnector DialFixture::start(std::vector<std::string> command) {
    RunningConnector connector;
    complete(launch_connector(*this, plan(std::move(command)), connector));
    connector.standard_input = connector.child->take_stdin();
    connector.standard_output = connector.child->take_stdout();
    connector.tasks = std::make_unique<TaskGroup>(loop().get_executor());
    connector.tasks->spawn("wait", await_end(*connector.child));
    pollfd watched = {connector.standard_output.get(), POLLIN, 0};
    REQUIRE(poll(&watched, 1, patience_ms) == 1);
    return connector;
}

void DialFixture::stop(RunningConnector& connector) {
    connector.child->kill_tree();
    complete(connector.tasks->join());
}

Result<UniqueFd> DialFixture::dial(RunningConnector& connector, std::uint16_t port,
                                   std::chrono::milliseconds deadline) {
    std::optional<Result<UniqueFd>> answer;
    complete(dial_once(*connector.child, port, deadline, answer));
    return std::move(*answer);
}

UniqueFd DialFixture::dial_ok(RunningConnector& connector, std::uint16_t port) {
    auto answer = dial(connector, port, 10s);
    if (!answer) {
        FAIL(to_text(answer.error()));
    }
    return std::move(*answer);
}

Task<void> DialFixture::dial_into(RunningConnector& connector, std::uint16_t port,
                                  std::optional<Error>& error) {
    auto dialling = connector.child->dial(port, 20s);
    const auto answer = co_await std::move(dialling);
    if (!answer) {
        error = answer.error();
    }
}

Task<void> DialFixture::dial_and_count(RunningConnector& connector, int& connected,
                                       int& refused_by_bound) {
    auto dialling = connector.child->dial(8000, 20s);
    const auto answer = co_await std::move(dialling);
    connected += answer ? 1 : 0;
    refused_by_bound += !answer && answer.error().code == "GH-P316" ? 1 : 0;
}

Task<void> DialFixture::count_refused(RunningConnector& connector, std::uint16_t port, int count,
                                      int& refused) {
    for (int i = 0; i < count; ++i) {
        auto dialling = connector.child->dial(port, 5s);
        const auto answer = co_await std::move(dialling);
        refused += !answer && answer.error().code == "GH-P313" ? 1 : 0;
    }
}

std::string DialFixture::exchange(int fd, const std::string& sent) {
    std::string received;
    std::size_t sent_bytes = 0;
    char buffer[16384];
    while (received.size() < sent.size()) {
        const bool more = sent_bytes < sent.size();
        pollfd watched = {fd, static_cast<short>(POLLIN | (more ? POLLOUT : 0)), 0};
        REQUIRE(poll(&watched, 1, patience_ms) == 1);
        if (more && (watched.revents & POLLOUT) != 0) {
            const ssize_t size =
                send(fd, sent.data() + sent_bytes, sent.size() - sent_bytes, MSG_NOSIGNAL);
            REQUIRE(size > 0);
            sent_bytes += static_cast<std::size_t>(size);
        }
        if ((watched.revents & POLLIN) != 0) {
            const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
            REQUIRE(size > 0);
            received.append(buffer, static_cast<std::size_t>(size));
        }
    }
    return received;
}

std::string DialFixture::read_all(int fd) {
    std::string received;
    char buffer[16384];
    for (;;) {
        pollfd watched = {fd, POLLIN, 0};
        REQUIRE(poll(&watched, 1, patience_ms) == 1);
        const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
        if (size <= 0) {
            return received;
        }
        received.append(buffer, static_cast<std::size_t>(size));
    }
}

int DialFixture::init_of(const RunningConnector& connector) {
    const std::string jail = std::to_string(connector.child->jail_pid());
    int init = 0;
    std::ifstream("/proc/" + jail + "/task/" + jail + "/children") >> init;
    REQUIRE(init > 0);
    return init;
}

void DialFixture::freeze_init(const RunningConnector& connector) {
    REQUIRE(kill(init_of(connector), SIGSTOP) == 0);
}

std::optional<std::ptrdiff_t> descriptors_of(const std::string& process) {
    std::error_code error;
    std::ptrdiff_t count = 0;
    auto entries = std::filesystem::directory_iterator("/proc/" + process + "/fd", error);
    if (error) {
        return std::nullopt;
    }
    for (const auto& entry : entries) {
        (void)entry;
        ++count;
    }
    return count;
}

} // namespace gatehouse::testing
