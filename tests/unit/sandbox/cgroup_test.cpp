#include "sandbox/cgroup_files.hpp"
#include "sandbox/cgroup_places.hpp"
#include "sandbox/outcome.hpp"
#include "sandbox/seccomp/call_name.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <linux/audit.h>

using namespace gatehouse::sandbox;

TEST_CASE("own groups of version 1 are found in each hierarchy") {
    const CgroupPlaces places = cgroup_places(
        "29 22 0:25 / /sys/fs/cgroup ro shared:1 - tmpfs tmpfs ro,mode=755\n"
        "30 29 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:2 - cgroup cgroup rw,cpu,cpuacct\n"
        "31 29 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        "32 29 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
        "4:memory:/system.slice/x.service\n3:pids:/\n2:cpu,cpuacct:/a\n1:name=systemd:/b\n");
    CHECK(places.memory == "/sys/fs/cgroup/memory/system.slice/x.service");
    CHECK(places.pids == "/sys/fs/cgroup/pids");
    CHECK(places.cpu == "/sys/fs/cgroup/cpu,cpuacct/a");
    CHECK(places.cpuacct == places.cpu);
    CHECK(places.unified.empty());
}

TEST_CASE("the own group of version 2 is found, also below an escaped path") {
    const CgroupPlaces places = cgroup_places(
        "30 29 0:26 / /sys/fs/c\\040group rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
        "0::/user.slice/user-1000.slice\n");
    CHECK(places.unified == "/sys/fs/c group/user.slice/user-1000.slice");
    CHECK(places.memory.empty());
}

TEST_CASE("in a container the mounted group is the top, whatever path the host gives it") {
    const std::string mount =
        "31 29 0:27 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
    CHECK(cgroup_places(mount, "4:memory:/docker/ab\n").memory == "/sys/fs/cgroup/memory");
    CHECK(cgroup_places(mount, "4:memory:/docker/ab/sub\n").memory == "/sys/fs/cgroup/memory/sub");
    CHECK(cgroup_places(mount, "4:memory:/elsewhere\n").memory == "/sys/fs/cgroup/memory");
}

TEST_CASE("odd texts name no place") {
    for (const std::string text : {"", "\n\n", " - cgroup", "1 2 3 4 5 - cgroup2", "- cgroup2 a b",
                                   "0::", ":", "::", "a\\04 b c d e - cgroup cgroup memory"}) {
        const CgroupPlaces places = cgroup_places(text, text);
        CHECK(places.unified.empty());
        CHECK(places.pids.empty());
    }
}

TEST_CASE("a number is found after its whole word only") {
    const std::string text = "oom 4\noom_kill 3\noom_group_kill 0\nmax x\n";
    CHECK(number_after(text, "oom") == 4);
    CHECK(number_after(text, "oom_kill") == 3);
    CHECK_FALSE(number_after(text, "oom_k").has_value());
    CHECK_FALSE(number_after(text, "max").has_value());
    CHECK_FALSE(number_after("", "oom").has_value());
}

TEST_CASE("an end tells what its control group proved") {
    Outcome outcome;
    outcome.kind = EndKind::signaled;
    outcome.signal = SIGKILL;
    outcome.oom_kills = 2;
    CHECK(to_text(outcome) ==
          "signal SIGKILL, after 2 of its processes were killed for want of memory");
    outcome.oom_killed = true;
    outcome.memory_max_bytes = 64ULL << 20;
    outcome.memory_peak_bytes = (64ULL << 20) - 1;
    CHECK(to_text(outcome) == "signal SIGKILL, at its memory limit of 64 MiB (peak 64 MiB)");
    outcome.oom_killed = false;
    outcome.host_oom_killed = true;
    CHECK(to_text(outcome).find("of the host") != std::string::npos);
}

TEST_CASE("calls of foreign ABIs have names") {
    CHECK(call_text(AUDIT_ARCH_I386, 20) == "the i386 call 'getpid'");
    CHECK(call_text(AUDIT_ARCH_X86_64, 0x40000000 | 39) == "the x32 call 'getpid'");
    CHECK(call_text(AUDIT_ARCH_I386, 99'999) == "the i386 call 99999");
    CHECK(call_text(0x1234, 5) == "call 5 of architecture 0x1234");
}
