#include "runtime/logs/segment.hpp"

#include "runtime/logs/record_codec.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::uint64_t index_step_bytes = 64 * 1024;
constexpr std::size_t read_window_bytes = 256 * 1024;
constexpr std::size_t name_digits_count = 20;
constexpr std::string_view name_ending = ".log";

Error segment_error(const std::filesystem::path& path, int error_number) {
    Error error;
    error.code = "GH-L802";
    error.what = "a log file cannot be used";
    error.where = path.string();
    error.why = errno_text(error_number);
    error.action = "check the owner of the data folder and the free space of its disk";
    return error;
}

// A moving window over a file: at() gives the bytes from an offset on, at least one whole record of
// them unless the file ends.
class FileWindow {
  public:
    explicit FileWindow(int fd) : fd_(fd) {}

    std::string_view at(std::uint64_t offset) {
        const bool inside = offset >= start_ && offset <= start_ + bytes_.size();
        const std::size_t rest = inside ? bytes_.size() - (offset - start_) : 0;
        if (!inside || (rest < record_max_bytes && !at_end_)) {
            fill(offset);
        }
        return std::string_view(bytes_).substr(offset - start_);
    }

  private:
    void fill(std::uint64_t offset) {
        start_ = offset;
        bytes_.resize(read_window_bytes);
        std::size_t have = 0;
        while (have < bytes_.size()) {
            const auto count = ::pread(fd_, bytes_.data() + have, bytes_.size() - have,
                                       static_cast<off_t>(offset + have));
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count <= 0) {
                break;
            }
            have += static_cast<std::size_t>(count);
        }
        bytes_.resize(have);
        at_end_ = have < read_window_bytes;
    }

    int fd_;
    std::uint64_t start_ = 0;
    bool at_end_ = false; // the window reaches the end of the file
    std::string bytes_;
};

} // namespace

Segment::Segment(std::filesystem::path path, std::uint64_t first_seq, std::uint64_t size_bytes)
    : path_(std::move(path)), first_seq_(first_seq), size_bytes_(size_bytes) {}

std::filesystem::path Segment::file_name(std::uint64_t first_seq) {
    std::string digits = std::to_string(first_seq);
    digits.insert(0, name_digits_count - digits.size(), '0');
    return digits.append(name_ending);
}

std::optional<std::uint64_t> Segment::parse_name(const std::filesystem::path& name) {
    const std::string text = name.string();
    if (text.size() != name_digits_count + name_ending.size() || !text.ends_with(name_ending)) {
        return std::nullopt;
    }
    std::uint64_t seq = 0;
    const char* end = text.data() + name_digits_count;
    const auto parsed = std::from_chars(text.data(), end, seq);
    if (parsed.ec != std::errc() || parsed.ptr != end || seq == 0) {
        return std::nullopt;
    }
    return seq;
}

void Segment::note_record(std::uint64_t seq, std::uint64_t offset) {
    if (index_.empty() || offset >= index_.back().offset + index_step_bytes) {
        index_.push_back(IndexEntry{seq, offset});
    }
}

Result<std::uint64_t> Segment::recover_for_append() {
    constexpr int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    fd_ = UniqueFd(::open(path_.c_str(), flags));
    if (!fd_) {
        return segment_error(path_, errno);
    }
    std::uint64_t last_seq = first_seq_ - 1;
    std::uint64_t offset = 0;
    FileWindow window(fd_.get());
    index_.clear();
    for (auto record = decode_record(window.at(offset)); record && record->seq == last_seq + 1;
         record = decode_record(window.at(offset))) {
        note_record(record->seq, offset);
        last_seq = record->seq;
        offset += record_header_bytes + record_fields_bytes + record->text.size();
    }
    if (::ftruncate(fd_.get(), static_cast<off_t>(offset)) != 0) {
        return segment_error(path_, errno);
    }
    size_bytes_ = offset;
    return last_seq;
}

Result<void> Segment::create() {
    constexpr int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_TRUNC;
    fd_ = UniqueFd(::open(path_.c_str(), flags, 0600));
    if (!fd_) {
        return segment_error(path_, errno);
    }
    size_bytes_ = 0;
    return {};
}

Result<void> Segment::append(std::string_view record, std::uint64_t seq) {
    ssize_t written = 0;
    do {
        written = ::write(fd_.get(), record.data(), record.size());
    } while (written < 0 && errno == EINTR);
    if (written != static_cast<ssize_t>(record.size())) {
        const int error_number = written < 0 ? errno : ENOSPC;
        // Half a record would hide all that follows it, so the file goes back to its earlier end.
        if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes_)) != 0) {
            return segment_error(path_, errno);
        }
        return segment_error(path_, error_number);
    }
    note_record(seq, size_bytes_);
    size_bytes_ += record.size();
    return {};
}

std::uint64_t Segment::offset_for(std::uint64_t after_seq) const {
    const auto past = std::upper_bound(
        index_.begin(), index_.end(), after_seq + 1,
        [](std::uint64_t seq, const IndexEntry& entry) { return seq < entry.seq; });
    return past == index_.begin() ? 0 : std::prev(past)->offset;
}

void Segment::read_after(std::uint64_t after_seq, std::size_t max_count,
                         std::vector<LogRecord>& records) {
    const UniqueFd reader(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!reader) {
        return;
    }
    FileWindow window(reader.get());
    std::uint64_t offset = offset_for(after_seq);
    while (records.size() < max_count && offset < size_bytes_) {
        const std::string_view bytes = window.at(offset);
        const auto head = peek_record(bytes);
        if (!head) {
            return;
        }
        // The index of an older segment grows while it is read for the first time.
        if (index_.empty() || head->seq > index_.back().seq) {
            note_record(head->seq, offset);
        }
        if (head->seq > after_seq) {
            auto record = decode_record(bytes);
            if (!record) {
                return;
            }
            records.push_back(std::move(*record));
        }
        offset += head->size_bytes;
    }
}

} // namespace gatehouse::runtime
