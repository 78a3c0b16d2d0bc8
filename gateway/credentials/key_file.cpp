#include "gateway/credentials/key_file.hpp"

#include "gateway/credentials/envelope.hpp"
#include "runtime/base/unique_fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace gatehouse::gateway {

namespace {

Error key_error(const std::filesystem::path& file, std::string why, std::string action) {
    return Error{"GH-A106", "the vault's key file cannot be used", file.string(), std::move(why),
                 std::move(action)};
}

Result<void> check_key_facts(const std::filesystem::path& file, const struct stat& facts) {
    if (!S_ISREG(facts.st_mode)) {
        return key_error(file, "it is not a regular file", "put the key file in its place");
    }
    if (facts.st_uid != ::geteuid()) {
        return key_error(file, "it belongs to user " + std::to_string(facts.st_uid),
                         "chown it to user " + std::to_string(::geteuid()) +
                             ", or run Gatehouse as its owner");
    }
    if ((facts.st_mode & 07777 & ~0400U) != 0) {
        return key_error(file, "its mode is wider than 0400", "run chmod 0400 on it");
    }
    if (facts.st_size != static_cast<off_t>(vault_key_bytes)) {
        return key_error(file,
                         "it has " + std::to_string(facts.st_size) + " bytes instead of " +
                             std::to_string(vault_key_bytes),
                         "restore the key file from its backup");
    }
    return {};
}

bool write_whole_key(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

Result<void> make_key_folder(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    std::error_code failed;
    if (!folder.empty() && std::filesystem::create_directories(folder, failed)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
    }
    if (failed) {
        return key_error(file, failed.message(), "make its folder writable for Gatehouse");
    }
    return {};
}

bool sync_key_folder(const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd && ::fsync(fd.get()) == 0;
}

} // namespace

Result<std::optional<Secret>> read_key_file(const std::filesystem::path& file) {
    // A link is followed no further than its name: where it points to could be anyone's. A FIFO
    // must not hang the start.
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd && errno == ENOENT) {
        return std::optional<Secret>();
    }
    if (!fd) {
        return key_error(file, errno == ELOOP ? "it is a symbolic link" : errno_text(errno),
                         "make it a file with mode 0400 that Gatehouse's user owns");
    }
    struct stat facts{};
    if (::fstat(fd.get(), &facts) != 0) {
        return key_error(file, errno_text(errno), "");
    }
    auto checked = check_key_facts(file, facts);
    if (!checked) {
        return checked.error();
    }
    std::string bytes(vault_key_bytes, '\0');
    if (::read(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(vault_key_bytes)) {
        wipe(bytes);
        return key_error(file, "it cannot be read whole", "restore the key file from its backup");
    }
    return std::optional<Secret>(Secret(std::move(bytes)));
}

Result<Secret> create_key_file(const std::filesystem::path& file) {
    auto folder = make_key_folder(file);
    if (!folder) {
        return folder.error();
    }
    std::string bytes(vault_key_bytes, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    Secret key(std::move(bytes));
    const std::string aside = file.string() + ".new";
    // A rest of a start that was killed; it was never in use.
    ::unlink(aside.c_str());
    const UniqueFd fd(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400));
    if (!fd) {
        return key_error(file, errno_text(errno), "make its folder writable for Gatehouse");
    }
    // fchmod, because the umask may have taken the owner's right away.
    const bool written = ::fchmod(fd.get(), 0400) == 0 && write_whole_key(fd.get(), key.reveal()) &&
                         ::fsync(fd.get()) == 0 && ::link(aside.c_str(), file.c_str()) == 0;
    const int failure = errno;
    ::unlink(aside.c_str());
    if (!written || !sync_key_folder(file)) {
        return key_error(file, errno_text(written ? errno : failure),
                         "check the disk space and the rights of its folder");
    }
    return key;
}

} // namespace gatehouse::gateway
