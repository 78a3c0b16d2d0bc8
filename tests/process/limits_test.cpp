// Limits of a whole tree by control groups, and what they prove about an end. Where this user has
// none, what stands in for them.
#include "sandbox/cgroup.hpp"
#include "sandbox/cgroup_files.hpp"
#include "sandbox/cgroup_places.hpp"
#include "sandbox/memory_watch.hpp"
#include "tests/process/sandbox_fixture.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

using namespace gatehouse;
using namespace gatehouse::testing;
using namespace std::chrono_literals;
using sandbox::CgroupHome;
using sandbox::EndKind;

namespace {

using Child = std::unique_ptr<sandbox::ChildProcess>;

constexpr std::uint64_t limit_bytes = 64ULL << 20;

sandbox::CgroupSupport support_here() {
    static const sandbox::CgroupSupport support = CgroupHome::open()->support();
    return support;
}

bool has_memory_groups() {
    if (!support_here().memory) {
        WARN("skipped: " << support_here().why_not);
    }
    return support_here().memory;
}

sandbox::LaunchPlan eater(SandboxFixture& fixture, const std::string& way, int count) {
    sandbox::LaunchPlan plan = fixture.plan({"./connector_eater", way, std::to_string(count)});
    plan.limits.memory_bytes = limit_bytes;
    return plan;
}

Task<void> launch_eater(SandboxFixture& fixture, sandbox::LaunchPlan plan, Child& child) {
    auto launched = co_await fixture.launcher().launch(std::move(plan), 20s);
    REQUIRE(launched.has_value());
    child = std::move(*launched);
}

Task<void> end_of_eater(sandbox::ChildProcess& child, sandbox::Outcome& outcome) {
    outcome = co_await child.wait();
}

sandbox::Outcome wait_for_end(SandboxFixture& fixture, sandbox::ChildProcess& child) {
    sandbox::Outcome outcome;
    fixture.complete(end_of_eater(child, outcome));
    return outcome;
}

std::string read_some(const UniqueFd& fd) {
    pollfd watched = {fd.get(), POLLIN, 0};
    REQUIRE(poll(&watched, 1, 20'000) == 1);
    char text[256] = {};
    REQUIRE(read(fd.get(), text, sizeof text - 1) > 0);
    return text;
}

// pid on the host of the one process whose command line has the text.
int only_process_with(const std::string& text) {
    const auto found = processes_with(text);
    REQUIRE(found.size() == 1);
    return found.front();
}

// Groups of trees that were made by the process, in the memory hierarchy.
std::vector<std::filesystem::path> groups_of(pid_t daemon) {
    std::vector<std::filesystem::path> groups;
    const std::string prefix = "d-" + std::to_string(daemon) + "-";
    const std::filesystem::path top = support_here().place.parent_path();
    std::error_code error;
    for (const auto& owner : std::filesystem::directory_iterator(top, error)) {
        if (owner.path().filename().native().rfind(prefix, 0) != 0) {
            continue;
        }
        for (const auto& entry : std::filesystem::directory_iterator(owner.path(), error)) {
            if (entry.is_directory()) {
                groups.push_back(entry.path());
            }
        }
    }
    return groups;
}

pid_t spawn_outside(const std::vector<std::string>& command, int output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (output >= 0) {
        posix_spawn_file_actions_adddup2(&actions, output, 1);
    }
    std::vector<char*> arguments;
    for (const std::string& argument : command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    pid_t pid = -1;
    REQUIRE(posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

} // namespace

TEST_CASE("memory over the limit ends the connector, in whichever way it is taken, and is proved") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    for (const std::string way : {"malloc", "shared", "memfd"}) {
        const std::string control =
            run_outside({(fixture.code_dir() / "connector_eater").string(), way, "100"});
        CHECK(control == "held 100 MiB\n");
        const Run run = fixture.run_plan(eater(fixture, way, 100));
        INFO(way << ": " << run.output << to_text(run.outcome));
        CHECK(run.output.empty());
        CHECK(run.outcome.kind == EndKind::signaled);
        CHECK(run.outcome.signal == SIGKILL);
        CHECK(run.outcome.oom_killed);
        CHECK_FALSE(run.outcome.host_oom_killed);
        CHECK(run.outcome.memory_max_bytes == limit_bytes);
        REQUIRE(run.outcome.memory_peak_bytes.has_value());
        CHECK(*run.outcome.memory_peak_bytes > limit_bytes - (2U << 20));
        CHECK(*run.outcome.memory_peak_bytes <= limit_bytes);
        CHECK(to_text(run.outcome) ==
              "signal SIGKILL, at its memory limit of 64 MiB (peak 64 MiB)");
    }
}

TEST_CASE("behind a shell the same kill is seen by the exit status and proved alike") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    const auto shell = [&](const std::string& line) {
        sandbox::LaunchPlan plan = fixture.plan({"/bin/sh", "-c", line});
        plan.limits.memory_bytes = limit_bytes;
        return fixture.run_plan(std::move(plan)).outcome;
    };
    const sandbox::Outcome killed = shell("./connector_eater malloc 100; exit $?");
    CHECK(killed.oom_killed);
    CHECK(to_text(killed) == "exit status 137, at its memory limit of 64 MiB (peak 64 MiB)");
    const sandbox::Outcome other = shell("./connector_eater malloc 100; exit 3");
    CHECK_FALSE(other.oom_killed);
    CHECK(to_text(other) ==
          "exit status 3, after 1 of its processes was killed for want of memory");
    CHECK_FALSE(shell("exit 137").oom_killed);
}

TEST_CASE("files in /tmp count as memory, so that they cannot go round its limit") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    sandbox::LaunchPlan plan =
        fixture.plan({"/bin/sh", "-c", "exec head -c 100000000 /dev/zero > /tmp/file"});
    plan.limits.memory_bytes = limit_bytes;
    const Run run = fixture.run_plan(std::move(plan));
    INFO(to_text(run.outcome));
    CHECK(run.outcome.oom_killed);
}

TEST_CASE("within its limit a connector lives, and its peak is told") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    for (const std::string way : {"malloc", "shared", "memfd"}) {
        const Run run = fixture.run_plan(eater(fixture, way, 40));
        CHECK(run.output == "held 40 MiB\n");
        CHECK(to_text(run.outcome) == "exit status 0");
        CHECK_FALSE(run.outcome.oom_killed);
        CHECK(run.outcome.memory_peak_bytes.value_or(0) > (40U << 20));
        CHECK(run.outcome.largest_process_bytes > (way == "memfd" ? 0U : 40U << 20));
        CHECK(run.outcome.cpu_ms.value_or(0) > 0);
    }
}

TEST_CASE("memory that is only reserved, and never touched, counts for nothing") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    const Run run = fixture.run_plan(eater(fixture, "reserve", 1000));
    CHECK(run.output == "held 1000 MiB\n");
    CHECK(run.outcome.memory_peak_bytes.value_or(limit_bytes) < limit_bytes / 2);
}

TEST_CASE("a kill from outside is no kill for want of memory") {
    SandboxFixture fixture;
    Child child;
    const std::string mark = unique_mark();
    fixture.complete(
        launch_eater(fixture, fixture.plan({"./connector_probe", "echo", mark}), child));
    REQUIRE(kill(only_process_with(mark), SIGKILL) == 0);
    const sandbox::Outcome outcome = wait_for_end(fixture, *child);
    CHECK(to_text(outcome) == "signal SIGKILL");
    CHECK_FALSE(outcome.oom_killed);
    CHECK_FALSE(outcome.host_oom_killed);
}

TEST_CASE("a child killed for want of memory is counted while the connector lives on, and a later "
          "kill from outside is not taken for another") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    Child child;
    fixture.complete(launch_eater(fixture, eater(fixture, "child", 100), child));
    const UniqueFd input = child->take_stdin();
    const UniqueFd output = child->take_stdout();
    CHECK(read_some(output) == "child 9\n");
    const auto use = child->resources();
    REQUIRE(use.has_value());
    CHECK(use->oom_kills == 1);
    CHECK(use->memory_limit_met);
    CHECK(use->memory_bytes < limit_bytes / 2);
    CHECK(use->memory_peak_bytes > limit_bytes - (2U << 20));
    CHECK(use->memory_max_bytes == limit_bytes);
    CHECK(use->pids == 1);
    CHECK(use->cpu_ms > 0);

    // Longer than the time in which the event would still explain an end; the loop sees the event.
    const auto later = std::chrono::steady_clock::now() + 2200ms;
    while (std::chrono::steady_clock::now() < later) {
        fixture.loop().restart();
        fixture.loop().run_one_for(100ms);
    }
    REQUIRE(kill(only_process_with("connector_eater"), SIGKILL) == 0);
    const sandbox::Outcome outcome = wait_for_end(fixture, *child);
    CHECK(outcome.signal == SIGKILL);
    CHECK_FALSE(outcome.oom_killed);
    CHECK(outcome.oom_kills == 1);
    CHECK_FALSE(child->resources().has_value());
}

TEST_CASE("a fork bomb stops at the limit of processes, which is told") {
    SandboxFixture fixture;
    sandbox::LaunchPlan plan = fixture.plan({"./connector_eater", "fork", "500"});
    plan.limits.pids = 20;
    const Run run = fixture.run_plan(std::move(plan));
    if (!support_here().pids) {
        // RLIMIT_NPROC counts init as well, which has the same user on the host.
        CHECK((run.output == "forked 18\n" || run.output == "forked 19\n"));
    } else {
        CHECK(run.output == "forked 19\n");
        CHECK(run.outcome.pids_limit_hit);
        CHECK(to_text(run.outcome) == "exit status 0, after it reached its limit of processes");
    }
}

TEST_CASE("a limit too low for the sandbox itself is told as such") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "exit", "0"});
    plan.limits.memory_bytes = 64U << 10;
    const Run run = fixture.run_plan(std::move(plan));
    REQUIRE(run.error.has_value());
    INFO(to_text(*run.error));
    CHECK(run.error->code == "GH-P303");
    CHECK(groups_of(getpid()).empty());
}

TEST_CASE("a group is there as long as its tree, and no longer") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    Child child;
    fixture.complete(launch_eater(fixture, fixture.plan({"./connector_probe", "echo"}), child));
    REQUIRE(groups_of(getpid()).size() == 1);
    child->kill_tree();
    wait_for_end(fixture, *child);
    CHECK(groups_of(getpid()).empty());

    fixture.complete(launch_eater(fixture, fixture.plan({"./connector_probe", "echo"}), child));
    child.reset(); // without a wait
    CHECK(eventually(10s, [&] {
        fixture.loop().restart();
        fixture.loop().poll();
        return groups_of(getpid()).empty();
    }));
}

TEST_CASE("a file of a group of version 2 tells of its changes") {
    const sandbox::CgroupPlaces places =
        sandbox::cgroup_places(sandbox::read_group_file("/proc/self/mountinfo").value_or(""),
                               sandbox::read_group_file("/proc/self/cgroup").value_or(""));
    const auto group = places.unified / unique_mark();
    if (places.unified.empty() || mkdir(group.c_str(), 0755) != 0) {
        WARN("skipped: this user can make no group of version 2");
        return;
    }
    asio::io_context loop(1);
    // The one that every kernel here can be made to change; memory.events works alike.
    const auto watch = sandbox::MemoryWatch::start(
        loop.get_executor(),
        UniqueFd(open((group / "cgroup.events").c_str(), O_RDONLY | O_CLOEXEC)), false);
    REQUIRE(watch);
    CHECK_FALSE(watch->had_event_within(60s));
    const pid_t member = spawn_outside({"/bin/sleep", "60"}, -1);
    CHECK(sandbox::write_group_file(group / "cgroup.procs", std::to_string(member)) == 0);
    CHECK(loop.run_one_for(10s) == 1); // the loop saw it, nobody had to ask
    CHECK(watch->had_event_within(60s));
    watch->stop();
    loop.run_for(1s);
    sandbox::kill_group(group);
    waitpid(member, nullptr, 0);
    CHECK(eventually(5s, [&] { return rmdir(group.c_str()) == 0; }));
}

TEST_CASE("making and removing a group is measured") {
    const auto home = CgroupHome::open();
    if (home->support().version == sandbox::CgroupVersion::none) {
        return;
    }
    std::vector<double> times;
    for (int i = 0; i < 51; ++i) {
        const auto before = std::chrono::steady_clock::now();
        {
            const auto group = home->make("timed", sandbox::ResourceLimits());
            REQUIRE(group.has_value());
            REQUIRE((*group)->open_entrances().has_value());
        }
        times.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - before)
                .count());
    }
    std::sort(times.begin(), times.end());
    std::printf("a tree's control groups, made and removed: median %.0f us\n", times[25]);
}

TEST_CASE("an instance's weight of processor time is its group's") {
    if (!has_memory_groups() || support_here().version != sandbox::CgroupVersion::v1) {
        return;
    }
    const auto home = CgroupHome::open();
    sandbox::ResourceLimits limits;
    limits.cpu_weight = 50;
    const auto group = home->make("weighed", limits);
    REQUIRE(group.has_value());
    const std::string name = home->support().place.filename();
    const auto entrances = (*group)->open_entrances();
    REQUIRE(entrances.has_value());
    CHECK(entrances->size() == 4);
    CHECK(sandbox::read_group_number("/sys/fs/cgroup/cpu/gatehouse/" + name +
                                     "/weighed-2/cpu.shares") == 512);
}

TEST_CASE("what a killed daemon left is swept by the next, and a living daemon's is not") {
    if (!has_memory_groups()) {
        return;
    }
    SandboxFixture fixture;
    Child child;
    fixture.complete(launch_eater(fixture, fixture.plan({"./connector_probe", "echo"}), child));
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd output(ends[0]);
    const pid_t holder =
        spawn_outside({GH_BIN_DIR "/launch_holder", GH_BIN_DIR "/gatehouse-jail",
                       fixture.code_dir().string(), "63001", "./connector_eater", "child", "1"},
                      ends[1]);
    close(ends[1]);
    CHECK(read_some(output).rfind("running ", 0) == 0);
    REQUIRE(groups_of(holder).size() == 1);
    kill(holder, SIGKILL);
    waitpid(holder, nullptr, 0);
    CHECK(groups_of(holder).size() == 1);
    CgroupHome::open();
    CHECK(groups_of(holder).empty());
    CHECK(groups_of(getpid()).size() == 1);
    CHECK(child->resources().has_value());
    child->kill_tree();
    wait_for_end(fixture, *child);
}

TEST_CASE("a process that still runs in a dead daemon's group is ended by the sweep") {
    if (!has_memory_groups() || support_here().version != sandbox::CgroupVersion::v1) {
        return;
    }
    const auto home = CgroupHome::open(); // keeps the folder above it in place
    const std::filesystem::path dead = home->support().place.parent_path() / "d-dead-0";
    REQUIRE(mkdir(dead.c_str(), 0755) == 0);
    REQUIRE(mkdir((dead / "x-1").c_str(), 0755) == 0);
    const pid_t left = spawn_outside({"/bin/sleep", "60"}, -1);
    REQUIRE(sandbox::write_group_file(dead / "x-1" / "cgroup.procs", std::to_string(left)) == 0);
    CgroupHome::open();
    int status = 0;
    REQUIRE(waitpid(left, &status, WNOHANG) == left);
    CHECK(WTERMSIG(status) == SIGKILL);
    CHECK_FALSE(std::filesystem::exists(dead));
}
