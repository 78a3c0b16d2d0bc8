#include "sandbox/cgroup.hpp"

#include "sandbox/cgroup_files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gatehouse::sandbox {
namespace {

Error group_error(const std::filesystem::path& where, int error_number) {
    return Error(
        "GH-S610", "the connector's control group could not be made",
        "step 'cgroup', " + where.string(), errno_text(error_number),
        "check the limits of groups (cgroup.max.descendants) above that folder and whether "
        "it was removed; a restart of the daemon finds out anew what works");
}

// The name is text of a manifest: what may not stand in a folder's name is left out.
std::string group_name(const std::string& connector, std::uint64_t number) {
    std::string name;
    for (const char c : connector.substr(0, 64)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_';
        name += plain ? c : '_';
    }
    return name + "-" + std::to_string(number);
}

// Distinct folders, in the order of a tree's entrances.
std::vector<std::filesystem::path> distinct_folders(const Cgroup::Folders& folders) {
    std::vector<std::filesystem::path> distinct;
    for (const auto* folder : {&folders.memory, &folders.pids, &folders.cpu, &folders.cpu_time}) {
        if (!folder->empty() &&
            std::find(distinct.begin(), distinct.end(), *folder) == distinct.end()) {
            distinct.push_back(*folder);
        }
    }
    return distinct;
}

} // namespace

Cgroup::Cgroup(std::shared_ptr<CgroupHome> home, Folders folders)
    : home_(std::move(home)), folders_(std::move(folders)) {}

Cgroup::~Cgroup() {
    for (const std::filesystem::path& folder : distinct_folders(folders_)) {
        home_->remove(folder);
    }
}

Result<std::vector<UniqueFd>> Cgroup::open_entrances() const {
    const bool is_v1 = home_->support().version == CgroupVersion::v1;
    std::vector<UniqueFd> entrances;
    for (const std::filesystem::path& folder : distinct_folders(folders_)) {
        const std::filesystem::path path = is_v1 ? folder / "tasks" : folder;
        UniqueFd entrance(
            open(path.c_str(), is_v1 ? O_WRONLY | O_CLOEXEC : O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!entrance) {
            return group_error(path, errno);
        }
        entrances.push_back(std::move(entrance));
    }
    return entrances;
}

ResourceUse Cgroup::use() const {
    return read_use(home_->support().version, folders_);
}

UniqueFd Cgroup::watch_memory() const {
    if (folders_.memory.empty()) {
        return {};
    }
    if (home_->support().version == CgroupVersion::v2) {
        const auto path = folders_.memory / "memory.events";
        return UniqueFd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    const auto path = folders_.memory / "memory.oom_control";
    const UniqueFd control(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    UniqueFd event(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!control || !event) {
        return {};
    }
    const std::string order = std::to_string(event.get()) + " " + std::to_string(control.get());
    if (write_group_file(folders_.memory / "cgroup.event_control", order) != 0) {
        return {};
    }
    return event;
}

Result<std::unique_ptr<Cgroup>> CgroupHome::make(const std::string& connector,
                                                 const ResourceLimits& limits) {
    if (support_.version == CgroupVersion::none) {
        return std::unique_ptr<Cgroup>();
    }
    remove_leftovers();
    const bool weighs = limits.cpu_weight != 0 && (cpu_weights_ || allow_cpu_weights() == 0);
    const std::string name = group_name(connector, next_++);
    const bool is_v2 = support_.version == CgroupVersion::v2;
    Cgroup::Folders folders;
    const auto place = [&](const Hierarchy& hierarchy, bool wanted) {
        return wanted ? hierarchy.folder / name : std::filesystem::path();
    };
    folders.memory = place(memory_, support_.memory);
    folders.pids = place(is_v2 ? memory_ : pids_, support_.pids);
    folders.cpu_time = place(is_v2 ? memory_ : cpu_time_, support_.cpu_time);
    folders.cpu = place(is_v2 ? memory_ : cpu_, weighs);

    for (const std::filesystem::path& folder : distinct_folders(folders)) {
        if (mkdir(folder.c_str(), 0755) != 0) {
            const int error_number = errno;
            for (const std::filesystem::path& other : distinct_folders(folders)) {
                rmdir(other.c_str());
            }
            return group_error(folder, error_number);
        }
    }
    auto group = std::make_unique<Cgroup>(shared_from_this(), folders);
    if (const int error_number = set_limits(folders, limits); error_number != 0) {
        return group_error(folders.memory.empty() ? folders.pids : folders.memory, error_number);
    }
    return group;
}

int CgroupHome::set_limits(const Cgroup::Folders& folders, const ResourceLimits& limits) const {
    const bool is_v1 = support_.version == CgroupVersion::v1;
    if (!folders.memory.empty()) {
        const std::string bytes = std::to_string(limits.memory_bytes);
        const char* file = is_v1 ? "memory.limit_in_bytes" : "memory.max";
        if (const int error_number = write_group_file(folders.memory / file, bytes);
            error_number != 0) {
            return error_number;
        }
        // No swap beside it. Kernels without swap accounting do not have these files.
        const int unswapped =
            is_v1 ? write_group_file(folders.memory / "memory.memsw.limit_in_bytes", bytes)
                  : write_group_file(folders.memory / "memory.swap.max", "0");
        if (unswapped != 0 && unswapped != ENOENT && unswapped != EOPNOTSUPP) {
            return unswapped;
        }
    }
    if (!folders.pids.empty()) {
        const std::uint64_t pids = limits.pids + jail_process_count(support_.version);
        if (const int error_number =
                write_group_file(folders.pids / "pids.max", std::to_string(pids));
            error_number != 0) {
            return error_number;
        }
    }
    if (folders.cpu.empty() || limits.cpu_weight == 0) {
        return 0;
    }
    const std::uint64_t shares = std::max<std::uint64_t>(2, limits.cpu_weight * 1024ULL / 100);
    return is_v1 ? write_group_file(folders.cpu / "cpu.shares", std::to_string(shares))
                 : write_group_file(folders.cpu / "cpu.weight", std::to_string(limits.cpu_weight));
}

void CgroupHome::remove(const std::filesystem::path& folder) {
    if (rmdir(folder.c_str()) != 0 && errno != ENOENT) {
        leftovers_.push_back(folder);
    }
}

void CgroupHome::remove_leftovers() {
    const auto is_gone = [](const std::filesystem::path& folder) {
        return rmdir(folder.c_str()) == 0 || errno == ENOENT;
    };
    leftovers_.erase(std::remove_if(leftovers_.begin(), leftovers_.end(), is_gone),
                     leftovers_.end());
}

} // namespace gatehouse::sandbox
