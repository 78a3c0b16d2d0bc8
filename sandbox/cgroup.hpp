// Control groups: one for each connector's tree, below this process's own group, as
// <own group>/gatehouse/d-<pid>-<n>/<connector>-<n>. Version 2 where it is delegated, else version
// 1, else none, each found out by doing it.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/unique_fd.hpp"
#include "sandbox/plan.hpp"
#include "sandbox/resource_use.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::sandbox {

enum class CgroupVersion { none, v1, v2 };

struct CgroupSupport {
    CgroupVersion version = CgroupVersion::none;
    bool memory = false;         // limit, use and peak of a tree
    bool pids = false;           // limit and use
    bool cpu_time = false;       // use
    std::filesystem::path place; // the daemon's folder, in the hierarchy of the memory controller
    std::string why_not;         // none: why, and what would help
};

class CgroupHome;

// The group of one tree. Removed with the object; if a process is still in it, its home tries
// again.
class Cgroup {
  public:
    struct Folders { // empty: no group there. Version 2: all are the same folder.
        std::filesystem::path memory;
        std::filesystem::path pids;
        std::filesystem::path cpu;
        std::filesystem::path cpu_time;
    };
    Cgroup(std::shared_ptr<CgroupHome> home, Folders folders);
    ~Cgroup();
    Cgroup(const Cgroup&) = delete;
    Cgroup& operator=(const Cgroup&) = delete;

    // What a process needs to enter. Version 1: the `tasks` files, in which it writes "0" for
    // itself (from outside that waits for a grace period of the kernel, 5 to 15 ms). Version 2: the
    // folder, for CLONE_INTO_CGROUP.
    Result<std::vector<UniqueFd>> open_entrances() const;
    ResourceUse use() const;
    // Readable (version 1) or exceptional (version 2) when the kernel killed, or is about to, for
    // want of memory; -1 if that cannot be watched.
    UniqueFd watch_memory() const;

  private:
    std::shared_ptr<CgroupHome> home_;
    Folders folders_;
};

// How many processes of the jail are in a tree's group: init, and of version 1 the watcher.
constexpr std::uint64_t jail_process_count(CgroupVersion version) {
    return version == CgroupVersion::v1 ? 2 : 1;
}

ResourceUse read_use(CgroupVersion version, const Cgroup::Folders& folders);

class CgroupHome : public std::enable_shared_from_this<CgroupHome> {
  public:
    // Sweeps what dead daemons left, makes the daemon's folder and tries one group out, with a
    // child that enters it. Version 2: moves this process into <own group>/gatehouse/daemon if the
    // own group has to be empty. Never fails: without groups support().version is none.
    static std::shared_ptr<CgroupHome> open();
    ~CgroupHome();

    const CgroupSupport& support() const { return support_; }
    // Null where there are none. Error GH-S610, step 'cgroup'.
    Result<std::unique_ptr<Cgroup>> make(const std::string& connector,
                                         const ResourceLimits& limits);

  private:
    friend class Cgroup;
    struct Hierarchy {
        std::filesystem::path top;    // <own group>/gatehouse
        std::filesystem::path folder; // top/d-<pid>-<n>
        UniqueFd lock;                // held as long as this daemon lives
    };

    CgroupHome() = default;
    int open_v1(const struct CgroupPlaces& places);
    int open_v2(const std::filesystem::path& own);
    int delegate_controllers(const std::filesystem::path& own, const std::filesystem::path& top);
    int open_folder(Hierarchy& hierarchy, const std::filesystem::path& own);
    int try_out();
    int allow_cpu_weights();
    void give_up(const std::string& why_not);
    int set_limits(const Cgroup::Folders& folders, const ResourceLimits& limits) const;
    // Removes the folder, or keeps it in mind.
    void remove(const std::filesystem::path& folder);
    void remove_leftovers();

    CgroupSupport support_;
    Hierarchy memory_; // version 2: the only one
    Hierarchy pids_;
    Hierarchy cpu_;
    Hierarchy cpu_time_;
    std::filesystem::path own_cpu_; // version 1: opened when the first weight is asked for
    bool cpu_weights_ = false;
    std::uint64_t next_ = 1;
    std::vector<std::filesystem::path> leftovers_;
};

} // namespace gatehouse::sandbox
