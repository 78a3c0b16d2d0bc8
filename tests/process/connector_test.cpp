// Real connectors through the launcher: they run, they see what they should, and their end is told
// right.
#include "sandbox/cgroup.hpp"
#include "tests/process/sandbox_fixture.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::testing;
using sandbox::EndKind;

TEST_CASE("a native connector answers over its pipes and its exit status is reported") {
    SandboxFixture fixture;
    const Run run = fixture.run({"./connector_probe", "echo"}, "one\ntwo\n");
    INFO((run.error ? to_text(*run.error) : to_text(run.outcome)) << run.errors);
    CHECK(run.output == "echo: one\necho: two\n");
    CHECK(run.outcome.kind == EndKind::exited);
    CHECK(run.outcome.code == 0);
}

TEST_CASE("an unmodified node program answers over its pipes") {
    if (access("/usr/bin/node", X_OK) != 0) {
        WARN("skipped: there is no /usr/bin/node");
        return;
    }
    SandboxFixture fixture;
    write_file(fixture.code_dir() / "server.js", R"(
        const lines = require('readline').createInterface({input: process.stdin});
        lines.on('line', (line) => console.log('hello ' + line));
        lines.on('close', () => process.exit(4));
    )");
    const Run run = fixture.run({"node", "server.js"}, "node\n");
    INFO((run.error ? to_text(*run.error) : to_text(run.outcome)) << run.errors);
    CHECK(run.output == "hello node\n");
    CHECK(run.outcome.kind == EndKind::exited);
    CHECK(run.outcome.code == 4);
}

TEST_CASE("an unmodified python program answers over its pipes") {
    if (access("/usr/bin/python3", X_OK) != 0) {
        WARN("skipped: there is no /usr/bin/python3");
        return;
    }
    SandboxFixture fixture;
    write_file(fixture.code_dir() / "server.py",
               "import sys, tempfile, threading, subprocess\n"
               "for line in sys.stdin:\n"
               "    print('hello ' + line.strip(), flush=True)\n"
               "with tempfile.TemporaryFile() as f: f.write(b'x')\n"
               "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
               "print(subprocess.run(['/bin/sh', '-c', 'echo child'], capture_output=True, "
               "text=True).stdout, end='')\n");
    const Run run = fixture.run({"/usr/bin/python3", "server.py"}, "python\n");
    INFO((run.error ? to_text(*run.error) : to_text(run.outcome)) << run.errors);
    CHECK(run.output == "hello python\nthread\nchild\n");
    CHECK(run.outcome.code == 0);
}

TEST_CASE("exit statuses and signals are told apart") {
    SandboxFixture fixture;
    CHECK(to_text(fixture.run({"./connector_probe", "exit", "3"}).outcome) == "exit status 3");
    CHECK(to_text(fixture.run({"./connector_probe", "raise", "11"}).outcome) == "signal SIGSEGV");
    CHECK(to_text(fixture.run({"./connector_probe", "raise", "9"}).outcome) == "signal SIGKILL");
}

TEST_CASE(
    "the environment is the allow-list, the plan's variables and the secrets, and nothing else") {
    SandboxFixture fixture;
    setenv("GH_TEST_LEAK", "from the daemon", 1);
    sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "env"});
    plan.env.emplace_back("MODE", "test");
    plan.env.emplace_back("LANG", "de_DE.UTF-8");
    plan.secret_env.emplace_back("TOKEN", Secret(std::string("s3cret")));
    const Run run = fixture.run_plan(std::move(plan));
    CHECK(run.output ==
          "HOME=/tmp\nLANG=de_DE.UTF-8\nMODE=test\nPATH=/usr/local/bin:/usr/bin:/bin\n"
          "TMPDIR=/tmp\nTOKEN=s3cret\n");
}

TEST_CASE("of a thousand inheritable descriptors none arrives") {
    SandboxFixture fixture;
    std::vector<UniqueFd> inheritable;
    for (int i = 0; i < 1000; ++i) {
        inheritable.emplace_back(open("/dev/null", O_RDONLY)); // without close-on-exec, on purpose
    }
    const Run run = fixture.run({"./connector_probe", "fds"});
    CHECK(run.output == "0\n1\n2\n");
}

TEST_CASE(
    "the connector has a foreign identity, no capability, and both seccomp and no_new_privs") {
    SandboxFixture fixture;
    const Run run = fixture.run({"./connector_probe", "identity"});
    INFO(run.output);
    const std::string uid = geteuid() == 0 ? "63000" : "1000";
    CHECK(run.output.find("Uid:\t" + uid + "\t" + uid + "\t" + uid) != std::string::npos);
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        CHECK(run.output.find(std::string(set) + ":\t0000000000000000") != std::string::npos);
    }
    CHECK(run.output.find("NoNewPrivs:\t1") != std::string::npos);
    CHECK(run.output.find("Seccomp:\t2") != std::string::npos);
    CHECK(run.output.find("pid 2\n") != std::string::npos);
    CHECK(run.output.find("host probe\n") != std::string::npos);
    CHECK(run.output.find("cwd /app\n") != std::string::npos);
    CHECK(run.output.find("umask 77\n") != std::string::npos);
}

TEST_CASE("limits are in force, and address space is left alone") {
    SandboxFixture fixture;
    sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "limits"});
    plan.limits.nofile = 77;
    const Run run = fixture.run_plan(std::move(plan));
    // Memory and processes have an rlimit where no control group keeps them.
    const sandbox::CgroupSupport cgroups = sandbox::CgroupHome::open()->support();
    rlimit own = {};
    REQUIRE(getrlimit(RLIMIT_NPROC, &own) == 0);
    const std::string data = cgroups.memory ? "-1" : "536870912";
    const std::string nproc =
        cgroups.pids ? std::to_string(static_cast<long>(own.rlim_max)) : "256";
    CHECK(run.output ==
          "core 0\ndata " + data + "\nfsize 1073741824\nnofile 77\nnproc " + nproc + "\nas -1\n");
}

TEST_CASE("/tmp is bounded, and processes and memory are too") {
    SandboxFixture fixture;
    sandbox::LaunchPlan plan = fixture.plan({"./connector_probe", "fill", "/tmp/x", "64"});
    plan.limits.tmp_bytes = 8ULL << 20;
    CHECK(fixture.run_plan(std::move(plan)).output == "wrote 8 MiB, No space left on device\n");

    plan = fixture.plan({"./connector_probe", "fork", "100"});
    plan.limits.pids = 20;
    const Run forked = fixture.run_plan(std::move(plan));
    const int made = std::atoi(forked.output.c_str() + std::string("forked ").size());
    INFO(forked.output);
    CHECK(made > 10);
    CHECK(made < 20);

    plan = fixture.plan({"./connector_probe", "allocate", "400"});
    plan.limits.memory_bytes = 64ULL << 20;
    const Run held = fixture.run_plan(std::move(plan));
    INFO(held.output << to_text(held.outcome));
    if (sandbox::CgroupHome::open()->support().memory) {
        CHECK(held.outcome.oom_killed);
    } else {
        REQUIRE(held.output.rfind("held ", 0) == 0);
        CHECK(std::atoi(held.output.c_str() + std::string("held ").size()) < 64);
    }
}

TEST_CASE("a volume is written by one run and read by the next") {
    SandboxFixture fixture;
    const TemporaryFolder state;
    const auto with_volume = [&](std::vector<std::string> command) {
        sandbox::LaunchPlan plan = fixture.plan(std::move(command));
        plan.volumes.push_back({state.path() / "deep" / "notes", "notes"});
        return fixture.run_plan(std::move(plan));
    };
    CHECK(with_volume({"/bin/sh", "-c", "echo kept > /data/notes/file && echo ok"}).output ==
          "ok\n");
    CHECK(with_volume({"/bin/cat", "/data/notes/file"}).output == "kept\n");
    const Run executed =
        with_volume({"/bin/sh", "-c", "cp /bin/true /data/notes/t; /data/notes/t; echo $?"});
    CHECK(executed.output == "126\n");
}
