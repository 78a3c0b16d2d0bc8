#include "sandbox/jail_spawn.hpp"

#include "runtime/base/unique_fd.hpp"

#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gatehouse::sandbox {
namespace {

Error spawn_error(const std::filesystem::path& jail_path, int error_number) {
    return Error("GH-S610", "the sandbox could not be started",
                 "step 'spawn', " + jail_path.string(), errno_text(error_number),
                 error_number == ENOENT || error_number == EACCES
                     ? "install gatehouse-jail beside gatehouse, executable for the daemon's user"
                     : "check the limits of the daemon's processes and descriptors");
}

// posix_spawn's objects with their release.
class SpawnSetup {
  public:
    SpawnSetup() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
    }
    ~SpawnSetup() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;

    int prepare(const std::vector<UniqueFd>& sources) {
        const int count = static_cast<int>(sources.size());
        for (int target = 0; target < count; ++target) {
            const int source = sources[static_cast<std::size_t>(target)].get();
            if (int answer = posix_spawn_file_actions_adddup2(&actions_, source, target);
                answer != 0) {
                return answer;
            }
        }
        if (int answer = posix_spawn_file_actions_addclosefrom_np(&actions_, count); answer != 0) {
            return answer;
        }
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        return posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    }

    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

// A source inside the range of the targets would be overwritten before its turn: all move above it.
Result<std::vector<UniqueFd>> move_above_targets(const JailDescriptors& descriptors) {
    std::vector<UniqueFd> moved;
    for (const int descriptor : descriptors) {
        moved.emplace_back(
            fcntl(descriptor, F_DUPFD_CLOEXEC, static_cast<int>(descriptors.size())));
        if (!moved.back()) {
            return spawn_error("descriptors", errno);
        }
    }
    return moved;
}

} // namespace

Result<SpawnedJail> spawn_jail(Executor executor, const std::filesystem::path& jail_path,
                               const std::string& label, const JailDescriptors& descriptors) {
    auto sources = move_above_targets(descriptors);
    if (!sources) {
        return std::move(sources).error();
    }
    SpawnSetup setup;
    if (const int answer = setup.prepare(*sources); answer != 0) {
        return spawn_error(jail_path, answer);
    }
    std::string program = "gatehouse-jail";
    std::string argument = label;
    char* const arguments[] = {program.data(), argument.data(), nullptr};
    char* const environment[] = {nullptr}; // it would stay readable in /proc/<pid>/environ
    pid_t pid = -1;
    const int answer = posix_spawn(&pid, jail_path.c_str(), &setup.actions_, &setup.attributes_,
                                   arguments, environment);
    if (answer != 0) {
        return spawn_error(jail_path, answer);
    }
    // No race: a child that has ended stays a zombie until its pidfd is waited for.
    UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    UniqueFd copy(pidfd ? fcntl(pidfd.get(), F_DUPFD_CLOEXEC, 0) : -1);
    if (!copy) {
        const int error_number = errno;
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
        return spawn_error("pidfd_open", error_number);
    }
    return SpawnedJail(boost::process::v2::process(std::move(executor), pid, copy.release()),
                       std::move(pidfd));
}

} // namespace gatehouse::sandbox
