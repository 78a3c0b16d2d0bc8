#include "runtime/logs/segment.hpp"

#include "runtime/base/log.hpp"
#include "runtime/logs/file_window.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::uint64_t index_step_bytes = 64 * 1024;
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

int write_whole(int fd, std::string_view bytes) {
    ssize_t written = 0;
    do {
        written = ::write(fd, bytes.data(), bytes.size());
    } while (written < 0 && errno == EINTR);
    if (written == static_cast<ssize_t>(bytes.size())) {
        return 0;
    }
    return written < 0 ? errno : ENOSPC;
}

// The next place from `offset` on where an intact record begins; `end` if there is none.
std::uint64_t find_record(FileWindow& window, std::uint64_t offset, std::uint64_t end,
                          std::uint32_t seed) {
    while (offset < end) {
        const std::string_view bytes = window.at(offset);
        const std::size_t found = bytes.find(record_marker.front());
        if (found == std::string_view::npos) {
            if (bytes.empty()) {
                break;
            }
            offset += bytes.size();
            continue;
        }
        offset += found;
        if (offset < end && decode_record(window.at(offset), seed)) {
            return offset;
        }
        ++offset;
    }
    return end;
}

} // namespace

Segment::Segment(std::filesystem::path path, std::uint64_t first_seq, std::uint64_t size_bytes)
    : path_(std::move(path)), first_seq_(first_seq), size_bytes_(size_bytes),
      last_seq_(first_seq - 1) {}

Result<Segment> Segment::create(const std::filesystem::path& folder, SegmentHeader header) {
    Segment made(folder / file_name(header.first_seq), header.first_seq, segment_header_bytes);
    constexpr int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_TRUNC;
    made.fd_ = UniqueFd(::open(made.path_.c_str(), flags, 0600));
    if (!made.fd_ || ::getrandom(&header.seed, sizeof header.seed, 0) < 0) {
        return segment_error(made.path_, errno);
    }
    if (const int failed = write_whole(made.fd_.get(), encode_segment_header(header));
        failed != 0) {
        return segment_error(made.path_, failed);
    }
    made.header_ = header;
    made.facts_ = header;
    made.header_tried_ = true;
    made.indexed_ = true;
    return made;
}

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

bool Segment::load_header(int fd) {
    if (!std::exchange(header_tried_, true)) {
        std::string bytes(segment_header_bytes, '\0');
        const auto count = ::pread(fd, bytes.data(), bytes.size(), 0);
        bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        header_ = decode_segment_header(bytes);
        if (!header_) {
            log_warn("the log file " + path_.string() +
                     " is damaged or of another version: it is left as it is and not read");
        }
    }
    return header_.has_value();
}

const SegmentHeader* Segment::header() {
    if (!header_tried_) {
        const UniqueFd reader(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        if (!reader) {
            return nullptr;
        }
        load_header(reader.get());
    }
    return header_ ? &*header_ : nullptr;
}

void Segment::note_record(const RecordView& record, std::uint64_t offset) {
    if (index_.empty() || offset >= index_.back().offset + index_step_bytes) {
        index_.push_back(IndexEntry{record.seq, offset, facts_.floor_us});
    }
    facts_.floor_us = std::max(facts_.floor_us, record.time_us);
    note_instance(facts_, record.instance);
    last_seq_ = record.seq;
}

void Segment::build_index(std::uint64_t& intact_end) {
    index_.clear();
    facts_ = *header_;
    intact_end = segment_header_bytes;
    scan(segment_header_bytes, size_bytes_, [&](const RecordView& record, std::uint64_t offset) {
        note_record(record, offset);
        intact_end = offset + record.size_bytes;
        return true;
    });
    indexed_ = true;
}

const std::vector<Segment::IndexEntry>& Segment::index() {
    if (!indexed_ && header() != nullptr) {
        std::uint64_t ignored = 0;
        build_index(ignored);
    }
    return index_;
}

Result<bool> Segment::recover_for_append() {
    constexpr int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    fd_ = UniqueFd(::open(path_.c_str(), flags));
    if (!fd_) {
        return segment_error(path_, errno);
    }
    if (!load_header(fd_.get())) {
        fd_.reset();
        return false;
    }
    std::uint64_t intact_end = 0;
    // A torn tail is what a kill leaves behind: no reason to complain.
    damage_told_ = true;
    build_index(intact_end);
    damage_told_ = false;
    if (intact_end != size_bytes_ && ::ftruncate(fd_.get(), static_cast<off_t>(intact_end)) != 0) {
        return segment_error(path_, errno);
    }
    size_bytes_ = intact_end;
    return true;
}

void Segment::encode(const RecordView& record, std::string& out) {
    note_record(record, size_bytes_ + out.size());
    encode_record(record, header_->seed, out);
}

Result<void> Segment::append(std::string_view records) {
    const int failed = write_whole(fd_.get(), records);
    if (failed == 0) {
        size_bytes_ += records.size();
        return {};
    }
    while (!index_.empty() && index_.back().offset >= size_bytes_) {
        index_.pop_back();
    }
    // Half a record would be damage to all readers, so the file goes back to its earlier end.
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes_)) != 0) {
        return segment_error(path_, errno);
    }
    return segment_error(path_, failed);
}

Segment::Scan Segment::scan(std::uint64_t offset, std::uint64_t end, const Visit& visit) {
    Scan result;
    result.offset = offset;
    const UniqueFd reader(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!reader || !load_header(reader.get())) {
        result.damaged_bytes = end - std::min(offset, end);
        return result;
    }
    FileWindow window(reader.get());
    while (result.offset < end) {
        const auto record = decode_record(window.at(result.offset), header_->seed);
        if (!record) {
            const std::uint64_t found = find_record(window, result.offset + 1, end, header_->seed);
            result.damaged_bytes += found - result.offset;
            result.offset = found;
            continue;
        }
        if (!visit(*record, result.offset)) {
            result.stopped = true;
            break;
        }
        result.offset += record->size_bytes;
    }
    if (result.damaged_bytes > 0 && !std::exchange(damage_told_, true)) {
        log_warn("the log file " + path_.string() + " has " + std::to_string(result.damaged_bytes) +
                 " damaged bytes, which are left out");
    }
    return result;
}

} // namespace gatehouse::runtime
