#include "tests/process/sandbox_fixture.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <random>
#include <spawn.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>

extern char** environ;

namespace gatehouse::testing {
namespace {

Task<void> run_child(SandboxFixture& fixture, sandbox::LaunchPlan plan, std::string input,
                     Run& run) {
    auto launched = co_await fixture.launcher().launch(std::move(plan), std::chrono::seconds(20));
    if (!launched) {
        run.error = launched.error();
        co_return;
    }
    sandbox::ChildProcess& child = **launched;
    {
        const UniqueFd standard_input = child.take_stdin();
        const ssize_t written = write(standard_input.get(), input.data(), input.size());
        (void)written; // a child that has ended already may refuse it
    }
    const Executor executor = fixture.loop().get_executor();
    run.output = co_await read_to_end(executor, child.take_stdout());
    run.errors = co_await read_to_end(executor, child.take_stderr());
    run.outcome = co_await child.wait();
}

} // namespace

TemporaryFolder::TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "gatehouse-test-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    chmod(path_.c_str(), 0755);
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
}

SandboxFixture::SandboxFixture() {
    std::signal(SIGPIPE, SIG_IGN);
    auto launcher = sandbox::Launcher::make(loop_.get_executor(), GH_BIN_DIR "/gatehouse-jail");
    if (!launcher) {
        FAIL(to_text(launcher.error()));
    }
    launcher_ = std::move(*launcher);
    for (const auto& entry : std::filesystem::directory_iterator(GH_BIN_DIR)) {
        const std::string name = entry.path().filename();
        if (name.rfind("victim_", 0) == 0 || name.rfind("connector_", 0) == 0) {
            std::filesystem::copy_file(entry.path(), code_.path() / name);
            chmod((code_.path() / name).c_str(), 0755);
        }
    }
}

sandbox::LaunchPlan SandboxFixture::plan(std::vector<std::string> command) const {
    sandbox::LaunchPlan plan;
    plan.connector = "probe";
    plan.code_dir = code_.path();
    plan.command = std::move(command);
    plan.uid = uid();
    return plan;
}

Run SandboxFixture::run_plan(sandbox::LaunchPlan plan, const std::string& input) {
    Run result;
    complete(run_child(*this, std::move(plan), input, result));
    return result;
}

Run SandboxFixture::run(std::vector<std::string> command, const std::string& input) {
    return run_plan(plan(std::move(command)), input);
}

void SandboxFixture::complete(Task<void> task) {
    bool done = false;
    std::exception_ptr failure;
    asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr error) {
        failure = error;
        done = true;
    });
    loop_.restart();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!done && std::chrono::steady_clock::now() < end) {
        loop_.run_one_for(std::chrono::seconds(1));
    }
    REQUIRE(done);
    if (failure) {
        std::rethrow_exception(failure);
    }
}

Task<std::string> read_to_end(Executor executor, UniqueFd fd) {
    asio::posix::stream_descriptor stream(executor, fd.release());
    std::string text;
    char buffer[4096];
    while (text.size() < (4U << 20)) {
        boost::system::error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        const std::size_t size = co_await stream.async_read_some(asio::buffer(buffer), token);
        if (error) {
            break;
        }
        text.append(buffer, size);
    }
    co_return text;
}

std::string run_outside(const std::vector<std::string>& command) {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    pid_t pid = -1;
    REQUIRE(posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(size));
    }
    close(ends[0]);
    waitpid(pid, nullptr, 0);
    return text;
}

std::vector<int> processes_with(const std::string& text) {
    std::vector<int> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const int pid = std::atoi(entry.path().filename().c_str());
        if (pid <= 0 || pid == getpid()) {
            continue;
        }
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        std::ostringstream line;
        line << file.rdbuf();
        if (line.str().find(text) != std::string::npos) {
            found.push_back(pid);
        }
    }
    return found;
}

std::string unique_mark() {
    std::random_device device;
    return "mark-" + std::to_string(getpid()) + "-" + std::to_string(device());
}

bool eventually(std::chrono::milliseconds deadline, const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        poll(nullptr, 0, 5);
    }
    return true;
}

void write_file(const std::filesystem::path& path, const std::string& content, unsigned mode) {
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
}

} // namespace gatehouse::testing
