// What the process tests share: a code folder, a launcher on a loop of its own, and a run from
// launch to end.
#pragma once

#include "sandbox/launcher.hpp"

#include <boost/asio/io_context.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::testing {

// Made below the system's temporary folder, readable for all, removed at the end.
class TemporaryFolder {
  public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

struct Run {
    std::optional<Error> error; // the launch failed
    sandbox::Outcome outcome;
    std::string output;
    std::string errors;
};

class SandboxFixture {
  public:
    SandboxFixture();

    // code_dir holds the programs connector_* and all victims.
    sandbox::LaunchPlan plan(std::vector<std::string> command) const;
    // Launches, writes the input, closes stdin, reads both streams to their end and waits.
    Run run_plan(sandbox::LaunchPlan plan, const std::string& input = "");
    Run run(std::vector<std::string> command, const std::string& input = "");
    // Runs the task on the loop to its end; fails the test after 30 s.
    void complete(Task<void> task);

    sandbox::Launcher& launcher() { return *launcher_; }
    asio::io_context& loop() { return loop_; }
    const std::filesystem::path& code_dir() const { return code_.path(); }
    std::uint32_t uid() const { return 63'000; }

  private:
    TemporaryFolder code_;
    asio::io_context loop_{1};
    std::unique_ptr<sandbox::Launcher> launcher_;
};

// Reads until the end of the stream, at most 4 MiB.
Task<std::string> read_to_end(Executor executor, UniqueFd fd);

// The same program outside of any sandbox, with this process's environment: what it printed.
std::string run_outside(const std::vector<std::string>& command);
// pids of the host whose command line contains the text, without this process and its helpers
// `not_with`.
std::vector<int> processes_with(const std::string& text);
// A text that no other run uses.
std::string unique_mark();
// True as soon as the condition holds, within the deadline.
bool eventually(std::chrono::milliseconds deadline, const std::function<bool()>& condition);

void write_file(const std::filesystem::path& path, const std::string& content,
                unsigned mode = 0644);

} // namespace gatehouse::testing
