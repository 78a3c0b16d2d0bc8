// Hostile attempts. Each victim runs outside first, where its attempt must succeed, then in the
// sandbox, where it must be blocked.
#include "tests/process/sandbox_fixture.hpp"

#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

using namespace gatehouse;
using namespace gatehouse::testing;

namespace {

// The attempt with one argument outside and another inside (a path may differ).
void check_blocked(SandboxFixture& fixture, const std::string& name, const std::string& outside,
                   const std::string& inside) {
    const std::string victim = "victim_" + name;
    const auto command = [](std::string program, const std::string& argument) {
        std::vector<std::string> words = {std::move(program)};
        if (!argument.empty()) {
            words.push_back(argument);
        }
        return words;
    };
    const std::string control =
        run_outside(command((fixture.code_dir() / victim).string(), outside));
    INFO(name << " outside: " << control);
    CHECK(control.rfind("SUCCEEDED", 0) == 0);
    const Run run = fixture.run(command("./" + victim, inside));
    INFO(name << " inside: " << run.output << run.errors
              << (run.error ? to_text(*run.error) : to_text(run.outcome)));
    CHECK(run.output.rfind("blocked", 0) == 0);
}

void check_blocked(SandboxFixture& fixture, const std::string& name,
                   const std::string& argument = "") {
    check_blocked(fixture, name, argument, argument);
}

UniqueFd listen_on(const sockaddr* address, socklen_t size, int domain) {
    UniqueFd listener(socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(bind(listener.get(), address, size) == 0);
    REQUIRE(listen(listener.get(), 8) == 0);
    return listener;
}

} // namespace

TEST_CASE("a file of the host cannot be read") {
    SandboxFixture fixture;
    const TemporaryFolder folder;
    write_file(folder.path() / "canary", "canary\n");
    check_blocked(fixture, "read_host_file", (folder.path() / "canary").string());
}

TEST_CASE("the host's accounts and the sandbox's own /etc are told apart") {
    SandboxFixture fixture;
    const Run run = fixture.run({"./connector_probe", "cat", "/etc/passwd"});
    CHECK(run.output.find("connector:x:") != std::string::npos);
    CHECK(run.output.find("/bin/bash") == std::string::npos);
    CHECK(fixture.run({"./connector_probe", "list", "/"}).output.find("home\n") ==
          std::string::npos);
    CHECK(fixture.run({"./connector_probe", "list", "/sys"}).output.rfind("error", 0) == 0);
}

TEST_CASE("processes of the host cannot be seen") {
    SandboxFixture fixture;
    const std::string mark = unique_mark();
    const char* arguments[] = {"/bin/sh", "-c", "read line", mark.c_str(), nullptr};
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0);
    pid_t pid = -1;
    REQUIRE(posix_spawn(&pid, arguments[0], &actions, nullptr, const_cast<char**>(arguments),
                        environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    // The command line of a process appears a moment after posix_spawn has returned.
    REQUIRE(eventually(std::chrono::seconds(5), [&] { return !processes_with(mark).empty(); }));
    check_blocked(fixture, "see_processes", mark);
    close(ends[1]);
    waitpid(pid, nullptr, 0);
    close(ends[0]);
}

TEST_CASE("a port on the host's loopback cannot be reached") {
    SandboxFixture fixture;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const UniqueFd listener = listen_on(generic, sizeof address, AF_INET);
    socklen_t size = sizeof address;
    REQUIRE(getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    check_blocked(fixture, "connect_out", std::to_string(ntohs(address.sin_port)));
}

TEST_CASE("an abstract unix socket of the host cannot be reached") {
    SandboxFixture fixture;
    const std::string name = unique_mark();
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const UniqueFd listener = listen_on(reinterpret_cast<const sockaddr*>(&address), size, AF_UNIX);
    check_blocked(fixture, "connect_abstract", name);
}

TEST_CASE("the connector cannot change its own code") {
    SandboxFixture fixture;
    const std::string outside = (fixture.code_dir() / "victim_write_file.note").string();
    check_blocked(fixture, "write_file", outside, "/app/victim_write_file.note");
    const Run run = fixture.run({"./victim_write_file", "/usr/bin/gatehouse-test"});
    CHECK(run.output.rfind("blocked", 0) == 0);
    const Run in_etc = fixture.run({"./victim_write_file", "/etc/passwd"});
    CHECK(in_etc.output.rfind("blocked", 0) == 0);
}

TEST_CASE("nothing can be mounted") {
    SandboxFixture fixture;
    check_blocked(fixture, "mount_attempt");
}

TEST_CASE("no process can be traced") {
    SandboxFixture fixture;
    check_blocked(fixture, "ptrace_attempt");
}

TEST_CASE("no user namespace can be made") {
    SandboxFixture fixture;
    check_blocked(fixture, "new_user_namespace");
}

TEST_CASE("the daemon's environment cannot be read, not even as init's") {
    SandboxFixture fixture;
    std::ifstream own("/proc/self/environ", std::ios::binary);
    std::string variable;
    std::getline(own, variable, '\0');
    REQUIRE(variable.size() > 3);
    check_blocked(fixture, "read_environ", variable);
    const Run run = fixture.run({"./connector_probe", "cat", "/proc/1/environ"});
    CHECK(run.output.rfind("unreadable", 0) == 0);
}

TEST_CASE("init is exec'd with an empty environment") {
    SandboxFixture fixture;
    // Seen from the host: the jail process, whose memory init shares.
    struct Look {
        static Task<void> run(SandboxFixture& fixture, std::string& found) {
            sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "echo"});
            auto launched =
                co_await fixture.launcher().launch(std::move(plan), std::chrono::seconds(20));
            REQUIRE(launched.has_value());
            std::ifstream file("/proc/" + std::to_string((*launched)->jail_pid()) + "/environ",
                               std::ios::binary);
            std::getline(file, found, '\0');
            (*launched)->kill_tree();
            co_await (*launched)->wait();
        }
    };
    std::string found;
    fixture.complete(Look::run(fixture, found));
    CHECK(found.empty());
}

TEST_CASE("the daemon cannot be signalled") {
    SandboxFixture fixture;
    check_blocked(fixture, "signal_process", std::to_string(getpid()));
    CHECK(fixture.run({"./victim_signal_process", "1"}).output.rfind("blocked", 0) == 0);
}

TEST_CASE("init cannot be killed, and its memory cannot be opened") {
    SandboxFixture fixture;
    const std::string own = "/proc/" + std::to_string(getpid()) + "/mem";
    check_blocked(fixture, "open_for_write", own, "/proc/1/mem");
    check_blocked(fixture, "list_through_proc", std::to_string(getpid()), "1");
    const Run run = fixture.run({"/bin/sh", "-c", "kill -9 1 && echo sent; echo alive"});
    CHECK(run.output == "alive\n");
    CHECK(to_text(run.outcome) == "exit status 0");
}

TEST_CASE("nothing is executed from /tmp") {
    SandboxFixture fixture;
    check_blocked(fixture, "exec_from_tmp");
}

TEST_CASE("keyrings, io_uring and file handles are out of reach") {
    SandboxFixture fixture;
    check_blocked(fixture, "use_keyring");
    check_blocked(fixture, "use_io_uring");
    if (geteuid() == 0) {
        check_blocked(fixture, "open_by_handle");
    }
}

TEST_CASE("a unix socket of the host cannot be reached by its path") {
    SandboxFixture fixture;
    const TemporaryFolder folder;
    const std::string path = (folder.path() / "socket").string();
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    const UniqueFd listener =
        listen_on(reinterpret_cast<const sockaddr*>(&address), sizeof address, AF_UNIX);
    check_blocked(fixture, "connect_path", path);
}

TEST_CASE("what only root can do outside, nobody can do inside") {
    if (geteuid() != 0) {
        WARN("skipped: without root these attempts fail outside as well");
        return;
    }
    SandboxFixture fixture;
    check_blocked(fixture, "open_for_write", "/proc/sys/kernel/core_pattern");
    check_blocked(fixture, "make_device");
    check_blocked(fixture, "raw_socket");
    check_blocked(fixture, "load_bpf");
    check_blocked(fixture, "chroot_attempt");
}

TEST_CASE("a program with the set-uid bit gives nothing") {
    if (geteuid() != 0) {
        WARN("skipped: only root can make a set-uid program of root");
        return;
    }
    SandboxFixture fixture;
    const std::string program = (fixture.code_dir() / "connector_probe").string();
    REQUIRE(chmod(program.c_str(), 04755) == 0);
    const std::string outside = run_outside(
        {"/usr/bin/setpriv", "--reuid", "63000", "--clear-groups", program, "identity"});
    CHECK(outside.find("Uid:\t63000\t0\t0") != std::string::npos);
    const Run run = fixture.run({"./connector_probe", "identity"});
    CHECK(run.output.find("Uid:\t63000\t63000\t63000") != std::string::npos);
}

TEST_CASE("a call through a foreign ABI kills the connector") {
    SandboxFixture fixture;
    const std::string control = run_outside({(fixture.code_dir() / "victim_foreign_abi").string()});
    const Run run = fixture.run({"./victim_foreign_abi"});
    if (control.rfind("SUCCEEDED", 0) != 0) {
        WARN("skipped: this kernel has no 32-bit entry");
        return;
    }
    CHECK(to_text(run.outcome) == "signal SIGSYS, for the i386 call 'getpid'");
    CHECK(run.output.empty());
}

TEST_CASE("a call through a foreign ABI kills the child that makes it, not the connector") {
    SandboxFixture fixture;
    if (run_outside({(fixture.code_dir() / "victim_foreign_abi").string()}).rfind("SUCCEEDED", 0) !=
        0) {
        WARN("skipped: this kernel has no 32-bit entry");
        return;
    }
    const Run run = fixture.run({"/bin/sh", "-c", "./victim_foreign_abi; echo ended $?"});
    CHECK(run.output == "ended 137\n");
    CHECK(to_text(run.outcome) == "exit status 0");
    CHECK(run.outcome.forbidden_call.empty());
}

TEST_CASE("SIGSYS that is only sent is no forbidden call") {
    SandboxFixture fixture;
    const Run run = fixture.run({"/bin/sh", "-c", "kill -SYS $$"});
    CHECK(to_text(run.outcome) == "signal SIGSYS");
}

TEST_CASE("a connector sees its own volume and no other") {
    SandboxFixture fixture;
    const TemporaryFolder state;
    const auto plan_for = [&](const std::string& name, std::vector<std::string> command) {
        sandbox::LaunchPlan plan = fixture.plan(std::move(command));
        plan.volumes.push_back({state.path() / name, name});
        return plan;
    };
    const Run first =
        fixture.run_plan(plan_for("one", {"/bin/sh", "-c", "echo x > /data/one/file"}));
    CHECK(to_text(first.outcome) == "exit status 0");
    CHECK(std::filesystem::exists(state.path() / "one" / "file"));
    const Run second =
        fixture.run_plan(plan_for("two", {"/bin/sh", "-c", "ls /data; ls /data/two/.."}));
    CHECK(second.output == "two\ntwo\n");
}
