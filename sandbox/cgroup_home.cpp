// How a daemon finds its place among the control groups.
#include "sandbox/cgroup.hpp"

#include "sandbox/cgroup_files.hpp"
#include "sandbox/cgroup_places.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gatehouse::sandbox {
namespace {

constexpr const char* delegation_advice =
    "; run the daemon as root, or as a systemd service with Delegate=yes";

// The child makes no library call: it is a fork of a process that may have threads.
int enter_errno(const std::vector<UniqueFd>& entrances, CgroupVersion version) {
    clone_args arguments = {};
    arguments.exit_signal = SIGCHLD;
    if (version == CgroupVersion::v2) {
        arguments.flags = CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(entrances.front().get());
    }
    const long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0) {
        return errno;
    }
    if (pid == 0) {
        long failed = 0;
        for (const UniqueFd& entrance : entrances) {
            if (version == CgroupVersion::v1 && syscall(SYS_write, entrance.get(), "0", 1) != 1) {
                failed = errno;
            }
        }
        syscall(SYS_exit_group, failed);
    }
    int status = 0;
    while (waitpid(static_cast<pid_t>(pid), &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
}

bool is_same_folder(int fd, const std::filesystem::path& path) {
    struct stat opened = {};
    struct stat named = {};
    return fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

// Below <own group>/gatehouse/daemon, where an earlier start moved this process or its parent.
std::filesystem::path group_above_daemon(const std::filesystem::path& own) {
    const bool moved = own.filename() == "daemon" && own.parent_path().filename() == "gatehouse";
    return moved ? own.parent_path().parent_path() : own;
}

int enable_controllers(const std::filesystem::path& group, const std::string& controllers) {
    return write_group_file(group / "cgroup.subtree_control", controllers);
}

bool has_controller(const std::filesystem::path& group, std::string_view controller) {
    std::string text = read_group_file(group / "cgroup.controllers").value_or("");
    for (char& c : text) {
        c = c == '\n' ? ' ' : c;
    }
    return (" " + text + " ").find(" " + std::string(controller) + " ") != std::string::npos;
}

} // namespace

std::shared_ptr<CgroupHome> CgroupHome::open() {
    const std::shared_ptr<CgroupHome> home(new CgroupHome());
    const CgroupPlaces places = cgroup_places(read_group_file("/proc/self/mountinfo").value_or(""),
                                              read_group_file("/proc/self/cgroup").value_or(""));
    const std::filesystem::path unified = group_above_daemon(places.unified);
    const bool unified_counts =
        !unified.empty() && (has_controller(unified, "memory") || has_controller(unified, "pids"));
    if (!unified_counts && places.memory.empty() && places.pids.empty()) {
        home->give_up(unified.empty() ? "no control groups are mounted"
                                      : "neither memory nor pids is delegated to " +
                                            unified.string() + delegation_advice);
        return home;
    }
    const std::filesystem::path& own =
        unified_counts ? unified : (places.memory.empty() ? places.pids : places.memory);
    int error_number = unified_counts ? home->open_v2(unified) : home->open_v1(places);
    if (error_number == 0) {
        error_number = home->try_out();
    }
    if (error_number != 0) {
        home->give_up(own.string() + ": " + errno_text(error_number) +
                      (error_number == EBUSY ? " (other processes are in that group)" : "") +
                      delegation_advice);
    }
    return home;
}

CgroupHome::~CgroupHome() {
    remove_leftovers();
    for (Hierarchy* hierarchy : {&memory_, &pids_, &cpu_, &cpu_time_}) {
        if (hierarchy->folder.empty()) {
            continue;
        }
        rmdir(hierarchy->folder.c_str());
        rmdir(hierarchy->top.c_str()); // fails while another daemon lives there
    }
}

void CgroupHome::give_up(const std::string& why_not) {
    support_ = CgroupSupport();
    support_.why_not = why_not;
}

int CgroupHome::open_folder(Hierarchy& hierarchy, const std::filesystem::path& own) {
    hierarchy.top = own / "gatehouse";
    for (int n = 0; n < 1000; ++n) {
        if (mkdir(hierarchy.top.c_str(), 0755) != 0 && errno != EEXIST) {
            return errno;
        }
        const std::filesystem::path folder =
            hierarchy.top / ("d-" + std::to_string(getpid()) + "-" + std::to_string(n));
        if (mkdir(folder.c_str(), 0755) != 0) {
            if (errno != EEXIST && errno != ENOENT) {
                return errno;
            }
            continue; // another one's, or the last daemon just removed the top
        }
        UniqueFd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        // Between the two calls a sweep may have taken it for a dead daemon's.
        if (lock && flock(lock.get(), LOCK_EX | LOCK_NB) == 0 &&
            is_same_folder(lock.get(), folder)) {
            hierarchy.folder = folder;
            hierarchy.lock = std::move(lock);
            sweep_groups(hierarchy.top);
            return 0;
        }
    }
    return EAGAIN;
}

int CgroupHome::open_v1(const CgroupPlaces& places) {
    support_.version = CgroupVersion::v1;
    int first_error = 0;
    const auto open_one = [&](Hierarchy& hierarchy, const std::filesystem::path& own) {
        const int error_number = own.empty() ? ENOENT : open_folder(hierarchy, own);
        if (error_number != 0 && !own.empty() && first_error == 0) {
            first_error = error_number;
        }
        return error_number == 0;
    };
    support_.memory = open_one(memory_, places.memory);
    support_.pids = open_one(pids_, places.pids);
    if (!support_.memory && !support_.pids) {
        return first_error;
    }
    support_.cpu_time = open_one(cpu_time_, places.cpuacct);
    own_cpu_ = places.cpu;
    support_.place = support_.memory ? memory_.folder : pids_.folder;
    return 0;
}

int CgroupHome::open_v2(const std::filesystem::path& own) {
    support_.version = CgroupVersion::v2;
    support_.memory = has_controller(own, "memory");
    support_.pids = has_controller(own, "pids");
    support_.cpu_time = true; // cpu.stat needs no controller
    const std::filesystem::path top = own / "gatehouse";
    if (mkdir(top.c_str(), 0755) != 0 && errno != EEXIST) {
        return errno;
    }
    if (const int error_number = delegate_controllers(own, top); error_number != 0) {
        rmdir(top.c_str()); // fails while another daemon lives there
        return error_number;
    }
    if (const int error_number = open_folder(memory_, own); error_number != 0) {
        return error_number;
    }
    support_.place = memory_.folder;
    const std::string controllers =
        std::string(support_.memory ? "+memory " : "") + (support_.pids ? "+pids" : "");
    return enable_controllers(memory_.folder, controllers);
}

// A group hands controllers on only while no process is in it itself.
int CgroupHome::delegate_controllers(const std::filesystem::path& own,
                                     const std::filesystem::path& top) {
    const std::string controllers =
        std::string(support_.memory ? "+memory " : "") + (support_.pids ? "+pids" : "");
    int error_number = enable_controllers(own, controllers);
    if (error_number == EBUSY) {
        const std::filesystem::path leaf = top / "daemon";
        if (mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST) {
            return errno;
        }
        if (error_number = write_group_file(leaf / "cgroup.procs", "0"); error_number != 0) {
            return error_number;
        }
        error_number = enable_controllers(own, controllers);
        if (error_number != 0) {
            write_group_file(own / "cgroup.procs", "0"); // back: it was of no use
            rmdir(leaf.c_str());
        }
    }
    return error_number != 0 ? error_number : enable_controllers(top, controllers);
}

int CgroupHome::try_out() {
    auto group = make("try", ResourceLimits());
    if (!group) {
        return EACCES;
    }
    const auto entrances = (*group)->open_entrances();
    return entrances ? enter_errno(*entrances, support_.version) : EACCES;
}

int CgroupHome::allow_cpu_weights() {
    int error_number = 0;
    if (support_.version == CgroupVersion::v1) {
        error_number = own_cpu_.empty() ? ENOENT : open_folder(cpu_, own_cpu_);
    } else {
        const std::filesystem::path own = memory_.top.parent_path();
        for (const std::filesystem::path& group : {own, memory_.top, memory_.folder}) {
            error_number = error_number != 0 ? error_number : enable_controllers(group, "+cpu");
        }
    }
    cpu_weights_ = error_number == 0;
    return error_number;
}

} // namespace gatehouse::sandbox
