// What the tests of dialling share: connectors that run while the test dials them.
#pragma once

#include "runtime/base/task_group.hpp"
#include "tests/process/sandbox_fixture.hpp"

namespace gatehouse::testing {

// A connector whose end is awaited in the background, as the supervisor does.
struct RunningConnector {
    std::unique_ptr<sandbox::ChildProcess> child;
    std::unique_ptr<TaskGroup> tasks;
    UniqueFd standard_input;
    UniqueFd standard_output;
};

class DialFixture : public SandboxFixture {
  public:
    // Launched, and it has written something.
    RunningConnector start(std::vector<std::string> command);
    void stop(RunningConnector& connector);

    Result<UniqueFd> dial(RunningConnector& connector, std::uint16_t port,
                          std::chrono::milliseconds deadline);
    UniqueFd dial_ok(RunningConnector& connector, std::uint16_t port);
    Task<void> dial_into(RunningConnector& connector, std::uint16_t port,
                         std::optional<Error>& error);
    Task<void> dial_and_count(RunningConnector& connector, int& connected, int& refused_by_bound);
    Task<void> count_refused(RunningConnector& connector, std::uint16_t port, int count,
                             int& refused);

    // Sends all while it reads as much; the text that came back.
    std::string exchange(int fd, const std::string& sent);
    // Until the other end closes.
    std::string read_all(int fd);

    int init_of(const RunningConnector& connector);
    void freeze_init(const RunningConnector& connector);
};

// How many descriptors the process holds, or nothing if that cannot be read.
std::optional<std::ptrdiff_t> descriptors_of(const std::string& process);

} // namespace gatehouse::testing
