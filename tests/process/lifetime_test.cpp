// The end of a tree: by signal, by kill, by the death of its owner. Nothing survives.
#include "runtime/base/task_group.hpp"
#include "tests/process/sandbox_fixture.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

using namespace gatehouse;
using namespace gatehouse::testing;
using namespace std::chrono_literals;
using sandbox::EndKind;

namespace {

using Child = std::unique_ptr<sandbox::ChildProcess>;

Task<void> launch_into(SandboxFixture& fixture, sandbox::LaunchPlan plan, Child& child) {
    auto launched = co_await fixture.launcher().launch(std::move(plan), 20s);
    REQUIRE(launched.has_value());
    child = std::move(*launched);
}

Task<void> wait_for(sandbox::ChildProcess& child, sandbox::Outcome& outcome) {
    outcome = co_await child.wait();
}

// Until the child has written something.
void await_output(int fd) {
    pollfd watched = {fd, POLLIN, 0};
    REQUIRE(poll(&watched, 1, 20'000) == 1);
}

// A zombie, which the machine's own init has yet to reap, does not run.
bool is_running(int pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(')');
    return name_end != std::string::npos && text.size() > name_end + 2 && text[name_end + 2] != 'Z';
}

std::ptrdiff_t open_descriptor_count() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
}

// Whether the text is anywhere in the process's readable memory.
bool memory_holds(int pid, const std::string& text) {
    const std::string folder = "/proc/" + std::to_string(pid);
    std::ifstream maps(folder + "/maps");
    const UniqueFd memory(open((folder + "/mem").c_str(), O_RDONLY | O_CLOEXEC));
    REQUIRE(memory);
    std::string line;
    int read_count = 0;
    while (std::getline(maps, line)) {
        unsigned long first = 0;
        unsigned long last = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx", &first, &last) != 2) {
            continue;
        }
        std::string bytes(last - first, '\0');
        const ssize_t size =
            pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(first));
        read_count += size > 0 ? 1 : 0;
        if (size > 0 && bytes.find(text) != std::string::npos) {
            return true;
        }
    }
    REQUIRE(read_count > 3);
    return false;
}

int child_of(int parent) {
    int child = 0;
    std::ifstream("/proc/" + std::to_string(parent) + "/task/" + std::to_string(parent) +
                  "/children") >>
        child;
    return child;
}

Child start(SandboxFixture& fixture, std::vector<std::string> command) {
    Child child;
    fixture.complete(launch_into(fixture, fixture.plan(std::move(command)), child));
    return child;
}

sandbox::Outcome end_of(SandboxFixture& fixture, sandbox::ChildProcess& child) {
    sandbox::Outcome outcome;
    fixture.complete(wait_for(child, outcome));
    return outcome;
}

} // namespace

TEST_CASE("a signal reaches the connector through init") {
    SandboxFixture fixture;
    const Child child = start(fixture, {"./connector_probe", "term"});
    const UniqueFd output = child->take_stdout();
    await_output(output.get());
    child->signal(SIGTERM);
    const sandbox::Outcome outcome = end_of(fixture, *child);
    CHECK(to_text(outcome) == "exit status 7");
    CHECK(child->ended().has_value());
    child->signal(SIGTERM); // harmless after the end
    child->kill_tree();
}

TEST_CASE("kill_tree ends the connector and the daemon that it double-forked") {
    SandboxFixture fixture;
    const std::string mark = unique_mark();
    const Child child = start(fixture, {"./victim_double_fork_escape", mark, "stay"});
    const UniqueFd output = child->take_stdout();
    await_output(output.get());
    REQUIRE(processes_with(mark).size() >= 2);
    child->kill_tree();
    const sandbox::Outcome outcome = end_of(fixture, *child);
    CHECK(outcome.kind == EndKind::signaled);
    CHECK(outcome.signal == SIGKILL);
    CHECK(processes_with(mark).empty());
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("when the connector ends by itself, its double-forked daemon ends with it") {
    SandboxFixture fixture;
    const std::string mark = unique_mark();

    // Control: outside, the daemon lives on.
    const std::string program = (fixture.code_dir() / "victim_double_fork_escape").string();
    CHECK(run_outside({program, mark}) == "daemon started\n");
    const std::vector<int> survivors = processes_with(mark);
    REQUIRE(survivors.size() == 1);
    kill(survivors.front(), SIGKILL);
    REQUIRE(eventually(5s, [&] { return processes_with(mark).empty(); }));

    const Run run = fixture.run({"./victim_double_fork_escape", mark});
    CHECK(run.output == "daemon started\n");
    CHECK(to_text(run.outcome) == "exit status 0");
    CHECK(processes_with(mark).empty());
}

TEST_CASE("destroying the ChildProcess without a wait kills and reaps the tree") {
    SandboxFixture fixture;
    const std::string mark = unique_mark();
    Child child = start(fixture, {"./victim_double_fork_escape", mark, "stay"});
    const UniqueFd output = child->take_stdout();
    await_output(output.get());
    child.reset();
    CHECK(eventually(10s, [&] {
        fixture.loop().restart();
        fixture.loop().poll();
        return processes_with(mark).empty() && waitpid(-1, nullptr, WNOHANG) == -1 &&
               errno == ECHILD;
    }));
}

TEST_CASE("a jail that is killed from outside takes its tree with it and is told as lost") {
    SandboxFixture fixture;
    const std::string mark = unique_mark();
    const Child child = start(fixture, {"./victim_double_fork_escape", mark, "stay"});
    const UniqueFd output = child->take_stdout();
    await_output(output.get());
    REQUIRE(kill(child->jail_pid(), SIGKILL) == 0);
    const sandbox::Outcome outcome = end_of(fixture, *child);
    CHECK(outcome.kind == EndKind::jail_lost);
    CHECK(processes_with(mark).empty());
}

TEST_CASE("a daemon killed with SIGKILL leaves no process of its connectors") {
    SandboxFixture fixture;
    const std::string mark = unique_mark();
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const std::string uid = std::to_string(fixture.uid());
    const std::string code = fixture.code_dir().string();
    const char* arguments[] = {GH_BIN_DIR "/launch_holder",
                               GH_BIN_DIR "/gatehouse-jail",
                               code.c_str(),
                               uid.c_str(),
                               "./victim_double_fork_escape",
                               mark.c_str(),
                               "stay",
                               nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    pid_t holder = -1;
    REQUIRE(posix_spawn(&holder, arguments[0], &actions, nullptr, const_cast<char**>(arguments),
                        environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char text[64] = {};
    REQUIRE(read(ends[0], text, sizeof text - 1) > 0);
    close(ends[0]);
    const std::string answer = text;
    INFO(answer);
    REQUIRE(answer.rfind("running ", 0) == 0);
    const int jail_pid = std::atoi(answer.c_str() + 8);
    REQUIRE(processes_with(mark).size() >= 3); // the holder, the connector and its daemon

    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    CHECK(eventually(5s, [&] { return processes_with(mark).empty(); }));
    CHECK(eventually(5s, [&] { return !is_running(jail_pid); }));
}

TEST_CASE("launch to exec is measured, and 50 launches leave nothing") {
    SandboxFixture fixture;
    std::vector<double> times;
    fixture.run(
        {"./connector_probe", "exit", "0"}); // the loop opens its own descriptors at first use
    const auto open_before = open_descriptor_count();
    for (int i = 0; i < 50; ++i) {
        const auto before = std::chrono::steady_clock::now();
        const Child child = start(fixture, {"./connector_probe", "echo"});
        times.push_back(
            std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before)
                .count());
        child->kill_tree();
        end_of(fixture, *child);
    }
    std::sort(times.begin(), times.end());
    std::printf("launch to exec: median %.2f ms, fastest %.2f ms, slowest %.2f ms (%s)\n",
                times[25], times[0], times[49], geteuid() == 0 ? "root" : "ordinary user");
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(open_descriptor_count() == open_before);
    CHECK(times[25] < 500.0);
}

TEST_CASE("once the connector runs, no copy of a secret is left in the jail or in init") {
    if (geteuid() != 0) {
        WARN("skipped: only root can read the memory of these processes");
        return;
    }
    SandboxFixture fixture;
    sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "echo"});
    const std::string name = "CANARY_" + std::to_string(getpid());
    plan.secret_env.emplace_back("TOKEN", Secret(std::string(name)));
    Child child;
    fixture.complete(launch_into(fixture, std::move(plan), child));
    const int jail = child->jail_pid();
    const int init = child_of(jail);
    REQUIRE(init > 0);
    const int connector = child_of(init);
    REQUIRE(connector > 0);
    CHECK(memory_holds(connector, name)); // control: it is found where it belongs
    CHECK_FALSE(memory_holds(jail, name));
    CHECK_FALSE(memory_holds(init, name));
    child->kill_tree();
    end_of(fixture, *child);
}

TEST_CASE("twenty launches at once, half of them failing, end as they should") {
    SandboxFixture fixture;
    struct Many {
        static Task<void> one(SandboxFixture& fixture, bool fails, int& right) {
            sandbox::LaunchPlan plan =
                fixture.plan({fails ? "./missing" : "./connector_probe", "exit", "5"});
            auto launched = co_await fixture.launcher().launch(std::move(plan), 20s);
            if (!launched) {
                right += fails && launched.error().code == "GH-P305" ? 1 : 0;
                co_return;
            }
            const sandbox::Outcome outcome = co_await (*launched)->wait();
            right += !fails && to_text(outcome) == "exit status 5" ? 1 : 0;
        }
    };
    int right = 0;
    {
        TaskGroup group(fixture.loop().get_executor());
        for (int i = 0; i < 20; ++i) {
            group.spawn("launch", Many::one(fixture, i % 2 == 0, right));
        }
        fixture.complete(group.join());
    }
    CHECK(right == 20);
    CHECK(waitpid(-1, nullptr, WNOHANG) == -1);
}
