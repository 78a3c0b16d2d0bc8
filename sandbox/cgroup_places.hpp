// Where this process's control groups are in the file system: read out of /proc/self/mountinfo and
// /proc/self/cgroup. Pure.
#pragma once

#include <filesystem>
#include <string_view>

namespace gatehouse::sandbox {

// The folder of this process's own group in each hierarchy; empty: there is no such mount.
struct CgroupPlaces {
    std::filesystem::path unified; // version 2
    std::filesystem::path memory;  // version 1, like the ones below
    std::filesystem::path pids;
    std::filesystem::path cpu;
    std::filesystem::path cpuacct;
};

CgroupPlaces cgroup_places(std::string_view mountinfo, std::string_view own_groups);

} // namespace gatehouse::sandbox
