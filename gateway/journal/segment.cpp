#include "gateway/journal/segment.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>

namespace gatehouse::gateway {

namespace {

constexpr std::string_view segment_ending = ".jsonl";
constexpr std::size_t segment_digits = 20;
constexpr std::size_t block_bytes = 64 * 1024;

} // namespace

Error journal_error(std::string what, const std::filesystem::path& where, int error_number) {
    return Error{"GH-G901", std::move(what), where.string(), errno_text(error_number),
                 "check the disk space and the rights of the journal's folder"};
}

Error journal_damaged_error(const std::filesystem::path& file, std::string why) {
    return Error{"GH-G902", "the journal is damaged", file.string(), std::move(why),
                 "run `gatehouse audit verify`; to go on with a new chain, move the folder away"};
}

std::string segment_name(std::uint64_t first_seq) {
    std::string digits = std::to_string(first_seq);
    return std::string(segment_digits - digits.size(), '0') + digits + std::string(segment_ending);
}

std::optional<std::uint64_t> segment_first_seq(const std::string& name) {
    if (name.size() != segment_digits + segment_ending.size() || !name.ends_with(segment_ending)) {
        return std::nullopt;
    }
    std::uint64_t seq = 0;
    const char* end = name.data() + segment_digits;
    const auto parsed = std::from_chars(name.data(), end, seq);
    if (parsed.ec != std::errc{} || parsed.ptr != end) {
        return std::nullopt;
    }
    return seq;
}

Result<std::vector<std::filesystem::path>> list_segments(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> segments;
    std::error_code failed;
    std::filesystem::directory_iterator entry(folder, failed);
    while (!failed && entry != std::filesystem::directory_iterator()) {
        if (segment_first_seq(entry->path().filename().string())) {
            segments.push_back(entry->path());
        }
        entry.increment(failed);
    }
    if (failed) {
        return journal_error("the journal's folder cannot be read", folder, failed.value());
    }
    std::sort(segments.begin(), segments.end());
    return segments;
}

Result<BackwardLines> BackwardLines::open(const std::filesystem::path& file) {
    BackwardLines lines;
    lines.file_ = file;
    lines.fd_ = UniqueFd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts{};
    if (!lines.fd_ || ::fstat(lines.fd_.get(), &facts) != 0) {
        return journal_error("a journal segment cannot be read", file, errno);
    }
    lines.file_bytes_ = static_cast<std::uint64_t>(facts.st_size);
    lines.start_ = lines.file_bytes_;
    return lines;
}

Result<bool> BackwardLines::read_block() {
    if (start_ == 0) {
        return false;
    }
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(start_, block_bytes));
    std::string block(size, '\0');
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = ::pread(fd_.get(), block.data() + done, size - done,
                                    static_cast<off_t>(start_ - size + done));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return journal_error("a journal segment cannot be read", file_, got < 0 ? errno : EIO);
        }
        done += static_cast<std::size_t>(got);
    }
    start_ -= size;
    buffer_.insert(0, block);
    return true;
}

Result<std::uint64_t> BackwardLines::skip_torn_tail() {
    std::uint64_t torn = 0;
    for (;;) {
        const auto newline = buffer_.rfind('\n');
        if (newline != std::string::npos) {
            torn += buffer_.size() - newline - 1;
            buffer_.resize(newline + 1);
            return torn;
        }
        torn += buffer_.size();
        buffer_.clear();
        auto more = read_block();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return torn;
        }
    }
}

Result<std::optional<std::string_view>> BackwardLines::next() {
    if (!buffer_.empty() && buffer_.back() != '\n') {
        // The line given out last time; it begins where the buffer now ends.
        buffer_.resize(buffer_.rfind('\n') + 1);
    }
    if (buffer_.empty()) {
        auto more = read_block();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return std::optional<std::string_view>();
        }
    }
    buffer_.pop_back();
    while (buffer_.find('\n') == std::string::npos) {
        auto more = read_block();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            break;
        }
        if (buffer_.size() > journal_line_max_bytes + block_bytes) {
            return journal_damaged_error(file_, "a line is longer than any record");
        }
    }
    const auto before = buffer_.rfind('\n');
    return std::optional<std::string_view>(
        std::string_view(buffer_).substr(before == std::string::npos ? 0 : before + 1));
}

} // namespace gatehouse::gateway
