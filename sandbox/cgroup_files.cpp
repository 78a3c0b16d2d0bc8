#include "sandbox/cgroup_files.hpp"

#include "runtime/base/unique_fd.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace gatehouse::sandbox {
namespace {

using SweepDeadline = std::chrono::steady_clock::time_point;

std::optional<std::uint64_t> leading_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end == text.data()) {
        return std::nullopt;
    }
    return number;
}

std::vector<int> pids_of_group(const std::filesystem::path& group) {
    std::vector<int> pids;
    const std::string text = read_group_file(group / "cgroup.procs").value_or("");
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        // A process of a foreign pid namespace is shown as 0: it is none of ours.
        if (const auto pid = leading_number(std::string_view(text).substr(at, end - at));
            pid && *pid > 1) {
            pids.push_back(static_cast<int>(*pid));
        }
        at = end + 1;
    }
    return pids;
}

std::vector<std::filesystem::path> groups_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> groups;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code ignored;
        if (entry->is_directory(ignored)) {
            groups.push_back(entry->path());
        }
    }
    return groups;
}

void remove_group_by(const std::filesystem::path& group, SweepDeadline deadline) {
    while (rmdir(group.c_str()) != 0 && errno == EBUSY &&
           std::chrono::steady_clock::now() < deadline) {
        kill_group(group);
        poll(nullptr, 0, 2);
    }
}

} // namespace

std::optional<std::string> read_group_file(const std::filesystem::path& path) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return std::nullopt;
    }
    std::string text;
    char buffer[4096];
    while (text.size() < (64U << 10)) {
        const ssize_t size = read(file.get(), buffer, sizeof buffer);
        if (size < 0) {
            return std::nullopt;
        }
        if (size == 0) {
            break;
        }
        text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
}

std::optional<std::uint64_t> read_group_number(const std::filesystem::path& path) {
    const auto text = read_group_file(path);
    return text ? leading_number(*text) : std::nullopt;
}

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view word) {
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view line =
            text.substr(at, std::min(text.find('\n', at), text.size()) - at);
        if (line.size() > word.size() && line.substr(0, word.size()) == word &&
            line[word.size()] == ' ') {
            return leading_number(line.substr(word.size() + 1));
        }
        at += line.size() + 1;
    }
    return std::nullopt;
}

int write_group_file(const std::filesystem::path& path, std::string_view text) {
    const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) {
        return errno;
    }
    return write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0
                                                                                            : errno;
}

void kill_group(const std::filesystem::path& group) {
    if (write_group_file(group / "cgroup.kill", "1") == 0) {
        return; // version 2
    }
    for (const int pid : pids_of_group(group)) {
        const UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
        if (!process) {
            continue;
        }
        // The number may have passed to another process since it was read.
        for (const int still : pids_of_group(group)) {
            if (still == pid && pid != getpid()) {
                syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
            }
        }
    }
}

void sweep_groups(const std::filesystem::path& folder) {
    const SweepDeadline deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    for (const std::filesystem::path& owner : groups_in(folder)) {
        if (owner.filename().native().rfind("d-", 0) != 0) {
            continue;
        }
        const UniqueFd lock(open(owner.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!lock || flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
            continue;
        }
        for (const std::filesystem::path& group : groups_in(owner)) {
            remove_group_by(group, deadline);
        }
        remove_group_by(owner, deadline);
    }
}

} // namespace gatehouse::sandbox
