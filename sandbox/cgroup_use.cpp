// What the files of a group say.
#include "sandbox/cgroup.hpp"
#include "sandbox/cgroup_files.hpp"

#include <algorithm>

namespace gatehouse::sandbox {
namespace {

// One batch of the kernel's page counters: a tree at its limit may be counted this much below it.
constexpr std::uint64_t counter_slack_bytes = 1U << 20;

std::uint64_t file_number(const std::filesystem::path& path) {
    return read_group_number(path).value_or(0);
}

// The limit "max" (2) or the highest page count (1) is no limit.
std::uint64_t limit_number(const std::filesystem::path& path) {
    const std::uint64_t number = file_number(path);
    return number >= (std::uint64_t{1} << 62) ? 0 : number;
}

void add_memory_v1(const std::filesystem::path& folder, ResourceUse& use) {
    const std::string stat = read_group_file(folder / "memory.stat").value_or("");
    const std::uint64_t usage = file_number(folder / "memory.usage_in_bytes");
    const std::uint64_t cached = number_after(stat, "total_inactive_file").value_or(0);
    use.memory_bytes = usage - std::min(usage, cached);
    use.memory_peak_bytes = file_number(folder / "memory.max_usage_in_bytes");
    use.memory_max_bytes = limit_number(folder / "memory.limit_in_bytes");
    const std::string control = read_group_file(folder / "memory.oom_control").value_or("");
    use.oom_kills = static_cast<std::uint32_t>(number_after(control, "oom_kill").value_or(0));
    // memory.failcnt says nothing: newer kernels leave it at 0.
    use.memory_limit_met = use.memory_max_bytes > 0 &&
                           use.memory_peak_bytes + counter_slack_bytes >= use.memory_max_bytes;
}

void add_memory_v2(const std::filesystem::path& folder, ResourceUse& use) {
    const std::string stat = read_group_file(folder / "memory.stat").value_or("");
    const std::uint64_t usage = file_number(folder / "memory.current");
    const std::uint64_t cached = number_after(stat, "inactive_file").value_or(0);
    use.memory_bytes = usage - std::min(usage, cached);
    use.memory_peak_bytes = file_number(folder / "memory.peak"); // 5.19 and newer
    use.memory_max_bytes = limit_number(folder / "memory.max");
    const std::string events = read_group_file(folder / "memory.events").value_or("");
    const auto local = read_group_file(folder / "memory.events.local");
    use.oom_kills = static_cast<std::uint32_t>(number_after(events, "oom_kill").value_or(0));
    // `oom` counts where the limit is, `oom_kill` where the killed process was.
    use.memory_limit_met = number_after(local ? *local : events, "oom").value_or(0) > 0;
}

} // namespace

ResourceUse read_use(CgroupVersion version, const Cgroup::Folders& folders) {
    const bool is_v1 = version == CgroupVersion::v1;
    ResourceUse use;
    if (!folders.memory.empty()) {
        is_v1 ? add_memory_v1(folders.memory, use) : add_memory_v2(folders.memory, use);
    }
    if (!folders.pids.empty()) {
        const std::uint64_t count = file_number(folders.pids / "pids.current");
        use.pids = count - std::min(count, jail_process_count(version));
        const std::string events = read_group_file(folders.pids / "pids.events").value_or("");
        use.pids_limit_hit = number_after(events, "max").value_or(0) > 0;
    }
    if (!folders.cpu_time.empty() && is_v1) {
        use.cpu_ms = file_number(folders.cpu_time / "cpuacct.usage") / 1'000'000;
    } else if (!folders.cpu_time.empty()) {
        const std::string stat = read_group_file(folders.cpu_time / "cpu.stat").value_or("");
        use.cpu_ms = number_after(stat, "usage_usec").value_or(0) / 1'000;
    }
    return use;
}

} // namespace gatehouse::sandbox
