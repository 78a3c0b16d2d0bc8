#include "runtime/events/event_files.hpp"

#include "runtime/events/event_codec.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::string_view event_file_prefix = "events-";
constexpr std::string_view event_file_suffix = ".jsonl";
constexpr std::size_t event_seq_digits_count = 20;
constexpr std::uint64_t event_file_min_bytes = 4096;

std::string event_file_name(std::uint64_t first_seq) {
    const std::string digits = std::to_string(first_seq);
    return std::string(event_file_prefix) +
           std::string(event_seq_digits_count - digits.size(), '0') + digits +
           std::string(event_file_suffix);
}

std::optional<std::uint64_t> seq_of_event_file(std::string_view name) {
    if (!name.starts_with(event_file_prefix) || !name.ends_with(event_file_suffix)) {
        return std::nullopt;
    }
    name.remove_prefix(event_file_prefix.size());
    name.remove_suffix(event_file_suffix.size());
    std::uint64_t seq = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), seq);
    return error == std::errc() && end == name.data() + name.size() && seq > 0 ? std::optional(seq)
                                                                               : std::nullopt;
}

struct Tail {
    std::uint64_t size_bytes = 0; // up to the end of the last whole line
    std::uint64_t last_seq = 0;   // of it; 0 if there is none
};

// Looks from the end for the last line that is whole: what was being written when the power failed
// stands behind it.
Tail find_tail(std::string_view content) {
    std::size_t end = content.rfind('\n');
    while (end != content.npos) {
        const std::size_t before = end == 0 ? content.npos : content.rfind('\n', end - 1);
        const std::size_t begin = before == content.npos ? 0 : before + 1;
        if (const auto event = decode_event(content.substr(begin, end - begin))) {
            return {end + 1, event->seq};
        }
        end = before;
    }
    return {};
}

} // namespace

EventFiles::EventFiles(std::filesystem::path folder, std::uint64_t max_bytes)
    : folder_(std::move(folder)),
      file_max_bytes_(std::max(max_bytes / event_files_max_count, event_file_min_bytes)) {}

Error EventFiles::failure(const char* what, int error_number) const {
    return Error{"GH-L802", what, folder_.string(), errno_text(error_number),
                 "check the owner of the data folder and the free space of its disk"};
}

Result<std::uint64_t> EventFiles::open() {
    std::error_code code;
    std::filesystem::create_directories(folder_, code);
    for (auto entry = std::filesystem::directory_iterator(folder_, code);
         !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
        if (const auto seq = seq_of_event_file(entry->path().filename().string())) {
            files_.push_back({*seq, entry->path()});
        }
    }
    if (code) {
        return failure("the folder of the events cannot be used", code.value());
    }
    std::sort(files_.begin(), files_.end(),
              [](const File& a, const File& b) { return a.first_seq < b.first_seq; });
    if (!files_.empty()) {
        return continue_file();
    }
    if (auto started = start_file(1); !started) {
        return started.error();
    }
    return std::uint64_t{1};
}

Result<std::uint64_t> EventFiles::continue_file() {
    const File& newest = files_.back();
    fd_ = UniqueFd(::open(newest.path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
    if (!fd_) {
        return failure("the newest file of the events cannot be opened", errno);
    }
    const Tail tail = find_tail(content(newest));
    if (::ftruncate(fd_.get(), static_cast<off_t>(tail.size_bytes)) != 0) {
        return failure("the newest file of the events cannot be mended", errno);
    }
    size_bytes_ = tail.size_bytes;
    return tail.last_seq == 0 ? newest.first_seq : tail.last_seq + 1;
}

Result<void> EventFiles::start_file(std::uint64_t first_seq) {
    const std::filesystem::path path = folder_ / event_file_name(first_seq);
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) {
        return failure("a file of the events cannot be made", errno);
    }
    fd_ = std::move(fd);
    size_bytes_ = 0;
    files_.push_back({first_seq, path});
    while (files_.size() > event_files_max_count) {
        remove_oldest();
    }
    return {};
}

void EventFiles::remove_oldest() {
    std::error_code ignored;
    std::filesystem::remove(files_.front().path, ignored);
    files_.erase(files_.begin());
}

Result<void> EventFiles::append(std::string_view line, std::uint64_t seq) {
    if (size_bytes_ > 0 && size_bytes_ + line.size() > file_max_bytes_) {
        if (auto started = start_file(seq); !started) {
            return started;
        }
    }
    std::size_t written = 0;
    while (written < line.size()) {
        const ssize_t count = ::write(fd_.get(), line.data() + written, line.size() - written);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            const int error_number = count == 0 ? EIO : errno;
            // Half a line would hide the next one; if it cannot be cut, opening anew does.
            static_cast<void>(::ftruncate(fd_.get(), static_cast<off_t>(size_bytes_)) == 0);
            return failure("an event cannot be written", error_number);
        }
        written += static_cast<std::size_t>(count);
    }
    size_bytes_ += line.size();
    return {};
}

std::string EventFiles::content(const File& file) {
    const UniqueFd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat facts{};
    if (!fd || ::fstat(fd.get(), &facts) != 0 || facts.st_size <= 0) {
        return {};
    }
    std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
        const ssize_t count = ::read(fd.get(), bytes.data() + have, bytes.size() - have);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            break;
        }
        have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
}

} // namespace gatehouse::runtime
