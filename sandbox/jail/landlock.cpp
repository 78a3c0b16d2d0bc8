#include "sandbox/jail/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gatehouse::jail {
namespace {

// Declared here because the system's header may be older than the kernel (ABI numbers in brackets).
constexpr std::uint64_t fs_execute = 1U << 0;
constexpr std::uint64_t fs_write_file = 1U << 1;
constexpr std::uint64_t fs_read_file = 1U << 2;
constexpr std::uint64_t fs_read_dir = 1U << 3;
constexpr std::uint64_t fs_make_char = 1U << 6;
constexpr std::uint64_t fs_make_block = 1U << 11;
constexpr std::uint64_t fs_all_1 = (1U << 13) - 1; // [1]
constexpr std::uint64_t fs_refer = 1U << 13;       // [2]
constexpr std::uint64_t fs_truncate = 1U << 14;    // [3]
constexpr std::uint64_t fs_ioctl_dev = 1U << 15;   // [5]
constexpr std::uint64_t scope_all_6 = 3;           // [6] abstract unix sockets, signals

struct RulesetAttributes {
    std::uint64_t handled_access_fs;
    std::uint64_t handled_access_net;
    std::uint64_t scoped;
};

constexpr std::uint64_t read_only = fs_read_file | fs_read_dir;
constexpr std::uint64_t runtime = read_only | fs_execute;
constexpr std::uint64_t device = fs_read_file | fs_write_file | fs_truncate | fs_ioctl_dev;
constexpr std::uint64_t data =
    (fs_all_1 | fs_refer | fs_truncate) & ~(fs_execute | fs_make_char | fs_make_block);
// A rule on a file may only name rights that files have.
constexpr std::uint64_t file_rights =
    fs_execute | fs_write_file | fs_read_file | fs_truncate | fs_ioctl_dev;

struct Rule {
    const char* path;
    std::uint64_t rights;
};
constexpr Rule rules[] = {
    {"/", fs_read_dir},    {"/usr", runtime},       {"/bin", runtime},        {"/sbin", runtime},
    {"/lib", runtime},     {"/lib32", runtime},     {"/lib64", runtime},      {"/libx32", runtime},
    {"/app", runtime},     {"/etc", read_only},     {"/proc", read_only},     {"/tmp", data},
    {"/dev/shm", data},    {"/data", data},         {"/dev/null", device},    {"/dev/zero", device},
    {"/dev/full", device}, {"/dev/random", device}, {"/dev/urandom", device},
};

std::uint64_t handled_by(long abi) {
    std::uint64_t rights = fs_all_1;
    rights |= abi >= 2 ? fs_refer : 0;
    rights |= abi >= 3 ? fs_truncate : 0;
    rights |= abi >= 5 ? fs_ioctl_dev : 0;
    return rights;
}

int add_rule(int ruleset, const Rule& rule, std::uint64_t handled) {
    const int fd = open(rule.path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : errno; // not every system has every /lib
    }
    struct stat status = {};
    int error_number = result_of(fstat(fd, &status));
    if (error_number == 0) {
        landlock_path_beneath_attr beneath = {};
        beneath.allowed_access = rule.rights & handled;
        if (!S_ISDIR(status.st_mode)) {
            beneath.allowed_access &= file_rights;
        }
        beneath.parent_fd = fd;
        error_number = result_of(
            syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0));
    }
    close(fd);
    return error_number;
}

} // namespace

int restrict_files(Jail& jail) {
    const long abi =
        syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 0) {
        return errno;
    }
    RulesetAttributes attributes = {};
    attributes.handled_access_fs = handled_by(abi);
    attributes.scoped = abi >= 6 ? scope_all_6 : 0;
    const long ruleset = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (ruleset < 0) {
        return errno;
    }
    for (const Rule& rule : rules) {
        jail.detail = rule.path;
        if (const int error_number =
                add_rule(static_cast<int>(ruleset), rule, attributes.handled_access_fs);
            error_number != 0) {
            return error_number;
        }
    }
    jail.detail = "";
    const int error_number = result_of(syscall(SYS_landlock_restrict_self, ruleset, 0));
    close(static_cast<int>(ruleset));
    return error_number;
}

} // namespace gatehouse::jail
