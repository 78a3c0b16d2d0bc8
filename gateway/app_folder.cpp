#include "gateway/app_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gatehouse::gateway {

namespace {

Error folder_error(const std::filesystem::path& folder, int error_number) {
    return Error{
        "GH-G903", "the data folder cannot be used", folder.string(), errno_text(error_number),
        "Make it writable for the user that runs Gatehouse, or name another one with `data`"};
}

std::string holder_of(int fd) {
    std::string text(32, '\0');
    const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text.substr(0, text.find('\n'));
}

} // namespace

Result<UniqueFd> lock_data_folder(const std::filesystem::path& folder) {
    std::error_code problem;
    std::filesystem::create_directories(folder, problem);
    if (problem) {
        return folder_error(folder, problem.value());
    }
    if (::chmod(folder.c_str(), 0700) != 0) {
        return folder_error(folder, errno);
    }
    const std::filesystem::path file = folder / "lock";
    UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
        return folder_error(folder, errno);
    }
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        return Error{"GH-G904", "another daemon runs on this data folder", folder.string(),
                     "process " + holder_of(fd.get()) + " holds its lock",
                     "Stop that daemon first, or give this one another `data` folder"};
    }
    const std::string own = std::to_string(::getpid()) + "\n";
    const bool written =
        ::ftruncate(fd.get(), 0) == 0 &&
        ::pwrite(fd.get(), own.data(), own.size(), 0) == static_cast<ssize_t>(own.size());
    if (!written) {
        return folder_error(folder, errno);
    }
    return fd;
}

} // namespace gatehouse::gateway
