#include "sandbox/launch_files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace gatehouse::sandbox {
namespace {

Error preparation_error(const std::string& where, int error_number, const std::string& action) {
    return Error("GH-S610", "the sandbox could not be prepared", "step " + where,
                 errno_text(error_number), action);
}

Result<void> prepare_volume(const StateVolume& volume, const LaunchPlan& plan, bool root_mode) {
    const std::string where = "'volumes', " + volume.host_path.string();
    const std::string action = "check the owner and mode of the folder above it";
    std::error_code error;
    std::filesystem::create_directories(volume.host_path.parent_path(), error);
    if (mkdir(volume.host_path.c_str(), 0700) != 0 && errno != EEXIST) {
        return preparation_error(where, errno, action);
    }
    const UniqueFd folder(
        open(volume.host_path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) {
        const bool no_folder = errno == ENOTDIR || errno == ELOOP;
        return preparation_error(
            where, errno, no_folder ? "the volume must be a folder, not a link or a file" : action);
    }
    struct stat status = {};
    if (fstat(folder.get(), &status) != 0) {
        return preparation_error(where, errno, action);
    }
    // A connector may have taken its own rights away; it gets them back with each launch. The
    // descriptor is only a path, so the mode is set through /proc, which follows no link of the
    // connector's.
    const std::string by_descriptor = "/proc/self/fd/" + std::to_string(folder.get());
    if ((status.st_mode & 0777) != 0700 && chmod(by_descriptor.c_str(), 0700) != 0) {
        return preparation_error(where, errno, action);
    }
    if (root_mode && (status.st_uid != plan.uid || status.st_gid != plan.uid) &&
        fchownat(folder.get(), "", plan.uid, plan.uid, AT_EMPTY_PATH) != 0) {
        return preparation_error(where, errno, action);
    }
    return {};
}

} // namespace

Result<LaunchPipes> open_launch_pipes() {
    LaunchPipes pipes;
    const std::string action = "raise the daemon's limit of open files (LimitNOFILE)";
    for (int i = 0; i < 3; ++i) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            return preparation_error("'pipes'", errno, action);
        }
        const bool child_reads = i == 0;
        pipes.child[i] = UniqueFd(ends[child_reads ? 0 : 1]);
        pipes.parent[i] = UniqueFd(ends[child_reads ? 1 : 0]);
        // Only our end: the flag belongs to the open file, and the connector's end is another one.
        if (fcntl(pipes.parent[i].get(), F_SETFL, O_NONBLOCK) != 0) {
            return preparation_error("'pipes'", errno, action);
        }
    }
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return preparation_error("'pipes'", errno, action);
    }
    pipes.control_parent = UniqueFd(ends[0]);
    pipes.control_child = UniqueFd(ends[1]);
    return pipes;
}

Result<UniqueFd> write_plan(const PlanImage& image) {
    const std::string action = "free some memory";
    UniqueFd file(memfd_create("gatehouse-plan", MFD_CLOEXEC));
    if (!file || ftruncate(file.get(), static_cast<off_t>(image.size_bytes())) != 0) {
        return preparation_error("'plan'", errno, action);
    }
    // Written through a mapping: the secrets in it exist once, and the jail wipes that copy.
    void* mapping =
        mmap(nullptr, image.size_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (mapping == MAP_FAILED) {
        return preparation_error("'plan'", errno, action);
    }
    image.write_to({static_cast<std::byte*>(mapping), image.size_bytes()});
    munmap(mapping, image.size_bytes());
    return file;
}

Result<void> prepare_volumes(const LaunchPlan& plan, bool root_mode) {
    for (const StateVolume& volume : plan.volumes) {
        if (auto prepared = prepare_volume(volume, plan, root_mode); !prepared) {
            return prepared;
        }
    }
    return {};
}

} // namespace gatehouse::sandbox
