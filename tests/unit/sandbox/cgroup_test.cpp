#include "sandbox/cgroup.hpp"
#include "sandbox/cgroup_files.hpp"
#include "sandbox/cgroup_places.hpp"
#include "sandbox/outcome.hpp"
#include "sandbox/seccomp/call_name.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
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

TEST_CASE("the files of a group of version 2 are understood") {
    std::string pattern = (std::filesystem::temp_directory_path() / "gh-group-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    const std::filesystem::path folder = pattern;
    const auto put = [&](const char* name, const std::string& text) {
        std::ofstream(folder / name) << text;
    };
    const Cgroup::Folders folders = {folder, folder, {}, folder};
    put("memory.current", "52428800\n");
    put("memory.stat", "anon 1000\ninactive_anon 5\ninactive_file 2428800\nactive_file 9\n");
    put("memory.peak", "67108864\n");
    put("memory.max", "max\n");
    put("memory.events", "low 0\nhigh 0\nmax 7\noom 0\noom_kill 1\noom_group_kill 0\n");
    put("pids.current", "3\n");
    put("pids.events", "max 0\n");
    put("cpu.stat", "usage_usec 1234567\nuser_usec 1\nsystem_usec 2\n");
    ResourceUse use = read_use(CgroupVersion::v2, folders);
    CHECK(use.memory_bytes == 50'000'000);
    CHECK(use.memory_peak_bytes == 67'108'864);
    CHECK(use.memory_max_bytes == 0);
    CHECK(use.oom_kills == 1);
    CHECK_FALSE(use.memory_limit_met); // a kill by the host
    CHECK(use.pids == 2);              // without init
    CHECK_FALSE(use.pids_limit_hit);
    CHECK(use.cpu_ms == 1234);

    put("memory.max", "67108864\n");
    put("memory.events.local", "max 7\noom 2\noom_kill 1\n");
    put("pids.events", "max 4\n");
    use = read_use(CgroupVersion::v2, folders);
    CHECK(use.memory_max_bytes == 67'108'864);
    CHECK(use.memory_limit_met);
    CHECK(use.pids_limit_hit);
    std::filesystem::remove_all(folder);
    CHECK(read_use(CgroupVersion::v2, folders).memory_bytes == 0);
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
