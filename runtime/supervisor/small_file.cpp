#include "runtime/supervisor/small_file.hpp"

#include "runtime/base/unique_fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>

namespace gatehouse::runtime {

namespace {

bool write_fully(int fd, std::string_view text, Durability durability) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
    }
    return durability == Durability::process || ::fsync(fd) == 0;
}

Error small_file_error(const std::filesystem::path& file, std::string why) {
    return Error{"GH-L802", "a file of the data folder cannot be written", file.string(),
                 std::move(why), "check the owner of the data folder and the space on its disk"};
}

} // namespace

Result<void> replace_small_file(const std::filesystem::path& file, std::string_view text,
                                Durability durability) {
    std::error_code code;
    std::filesystem::create_directories(file.parent_path(), code);
    const std::filesystem::path draft = file.string() + ".new";
    {
        constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
        const UniqueFd output(::open(draft.c_str(), flags, 0600));
        if (!output || !write_fully(output.get(), text, durability)) {
            return small_file_error(file, errno_text(errno));
        }
    }
    std::filesystem::rename(draft, file, code);
    return code ? Result<void>(small_file_error(file, code.message())) : Result<void>();
}

std::optional<std::string> read_small_file(const std::filesystem::path& file,
                                           std::size_t max_bytes) {
    std::error_code code;
    const auto size = std::filesystem::file_size(file, code);
    if (code || size > max_bytes) {
        return std::nullopt;
    }
    std::ifstream input(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(input)), std::istreambuf_iterator<char>());
    return input.bad() ? std::nullopt : std::optional(std::move(text));
}

} // namespace gatehouse::runtime
