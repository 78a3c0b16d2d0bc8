#include "runtime/supervisor/uid_registry.hpp"

#include "runtime/base/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <utility>

namespace gatehouse::runtime {

namespace {

Error uid_file_error(const std::filesystem::path& file, std::string why) {
    Error error;
    error.code = "GH-P317";
    error.what = "the file with the connectors' uids cannot be used";
    error.where = file.string();
    error.why = std::move(why);
    error.action = "check the owner of the data folder and the free space of its disk";
    return error;
}

bool write_whole(int fd, const std::string& text) {
    return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
           ::fsync(fd) == 0;
}

} // namespace

UidRegistry::UidRegistry(std::filesystem::path file, std::uint32_t first_uid)
    : file_(std::move(file)), first_uid_(first_uid) {
    GH_ASSERT(first_uid_ != 0);
}

Result<std::uint32_t> UidRegistry::uid_of(const std::string& key) {
    if (auto loaded = load(); !loaded) {
        return std::move(loaded).error();
    }
    if (const auto known = uids_.find(key); known != uids_.end()) {
        return known->second;
    }
    const std::uint32_t uid = next_uid();
    uids_.emplace(key, uid);
    if (auto saved = save(); !saved) {
        uids_.erase(key);
        return std::move(saved).error();
    }
    return uid;
}

std::uint32_t UidRegistry::next_uid() const {
    std::uint32_t next = first_uid_;
    for (const auto& [name, uid] : uids_) {
        next = std::max(next, uid + 1);
    }
    return next;
}

Result<void> UidRegistry::load() {
    if (std::exchange(loaded_, true)) {
        return {};
    }
    std::error_code code;
    if (!std::filesystem::exists(file_, code)) {
        return {};
    }
    std::ifstream input(file_);
    std::string name;
    std::uint32_t uid = 0;
    while (input >> name >> uid) {
        // A uid below the range could be a real user's, so a damaged file is refused, not repaired.
        if (uid < first_uid_) {
            loaded_ = false;
            return uid_file_error(file_, "uid " + std::to_string(uid) + " is below the range");
        }
        uids_.emplace(name, uid);
    }
    if (!input.eof()) {
        loaded_ = false;
        return uid_file_error(file_, "a line is not a name and a number");
    }
    return {};
}

Result<void> UidRegistry::save() const {
    std::error_code code;
    std::filesystem::create_directories(file_.parent_path(), code);
    std::string text;
    for (const auto& [name, uid] : uids_) {
        text += name + " " + std::to_string(uid) + "\n";
    }
    const std::filesystem::path draft = file_.string() + ".new";
    {
        constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
        const UniqueFd output(::open(draft.c_str(), flags, 0600));
        if (!output || !write_whole(output.get(), text)) {
            return uid_file_error(file_, errno_text(errno));
        }
    }
    std::filesystem::rename(draft, file_, code);
    return code ? Result<void>(uid_file_error(file_, code.message())) : Result<void>();
}

} // namespace gatehouse::runtime
