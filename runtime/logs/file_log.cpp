#include "runtime/logs/file_log.hpp"

#include "runtime/base/log.hpp"
#include "runtime/logs/record_codec.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace gatehouse::runtime {

namespace {

// Enough of a long text to mask it whole before it is cut to a line.
constexpr std::size_t masked_max_bytes = 4 * LineSplitter::line_max_bytes;

Error folder_error(const std::filesystem::path& folder, const std::error_code& code) {
    Error error;
    error.code = "GH-L802";
    error.what = "the log folder of a connector cannot be used";
    error.where = folder.string();
    error.why = code.message();
    error.action = "check the owner of the data folder and the free space of its disk";
    return error;
}

std::string without_newlines(std::string_view line) {
    std::string text(line.substr(0, masked_max_bytes));
    std::replace(text.begin(), text.end(), '\n', ' ');
    return text;
}

} // namespace

FileLog::FileLog(const Clock& clock, FileLogOptions options)
    : clock_(clock), options_(std::move(options)), drops_since_(clock.steady_now()),
      limit_(clock.steady_now()) {}

FileLog::~FileLog() {
    drops_since_ = SteadyTime::min();
    settle_drops();
}

Result<std::unique_ptr<FileLog>> FileLog::open(const Clock& clock, FileLogOptions options) {
    std::unique_ptr<FileLog> log(new FileLog(clock, std::move(options)));
    if (auto found = log->find_segments(); !found) {
        return std::move(found).error();
    }
    if (auto opened = log->open_newest(); !opened) {
        return std::move(opened).error();
    }
    log->delete_oldest();
    return log;
}

Result<void> FileLog::find_segments() {
    std::error_code code;
    std::filesystem::create_directories(options_.folder, code);
    if (code) {
        return folder_error(options_.folder, code);
    }
    ::chmod(options_.folder.c_str(), 0700);
    std::filesystem::directory_iterator entries(options_.folder, code);
    if (code) {
        return folder_error(options_.folder, code);
    }
    for (const auto& entry : entries) {
        const auto first_seq = Segment::parse_name(entry.path().filename());
        std::error_code ignored;
        const auto size_bytes = entry.file_size(ignored);
        if (first_seq && !ignored) {
            segments_.emplace_back(entry.path(), *first_seq, size_bytes);
        }
    }
    std::sort(segments_.begin(), segments_.end(),
              [](const Segment& a, const Segment& b) { return a.first_seq() < b.first_seq(); });
    return {};
}

Result<void> FileLog::open_newest() {
    if (segments_.empty()) {
        segments_.emplace_back(options_.folder / Segment::file_name(1), 1, 0);
        return segments_.back().create();
    }
    auto last_seq = segments_.back().recover_for_append();
    if (!last_seq) {
        return std::move(last_seq).error();
    }
    last_seq_ = *last_seq;
    return {};
}

void FileLog::append_lines(LogStream stream, const LogContext& context,
                           std::span<const LogLine> lines) {
    for (const LogLine& line : lines) {
        append(stream, context, line.text);
    }
}

void FileLog::append(LogStream stream, const LogContext& context, std::string_view line) {
    const InstanceId instance = context.instance;
    settle_drops();
    // The supervisor's own lines are few and tell why a connector is down: they are always kept.
    const bool limited = stream != LogStream::supervisor;
    if (limited &&
        !limit_.admit(std::min(line.size(), LineSplitter::line_max_bytes), clock_.steady_now())) {
        drops_instance_ = instance;
        drop_line();
        return;
    }
    std::string text = without_newlines(line);
    masker_.mask(text);
    text.resize(std::min(text.size(), LineSplitter::line_max_bytes));
    write_record(stream, instance, std::move(text));
}

void FileLog::drop_line() {
    ++dropped_count_;
    if (drops_unsaid_++ == 0) {
        drops_since_ = clock_.steady_now();
    }
}

void FileLog::settle_drops() {
    if (drops_unsaid_ == 0 || clock_.steady_now() < drops_since_ + std::chrono::seconds(1)) {
        return;
    }
    const std::uint64_t count = std::exchange(drops_unsaid_, 0);
    write_record(LogStream::supervisor, drops_instance_,
                 "dropped " + std::to_string(count) + " lines: over the log rate limit (GH-L801)");
}

void FileLog::write_record(LogStream stream, InstanceId instance, std::string text) {
    LogRecord record;
    record.seq = last_seq_ + 1;
    record.time = clock_.wall_now();
    record.instance = instance;
    record.stream = stream;
    record.text = std::move(text);
    std::string bytes;
    encode_record(record, bytes);
    if (!roll_if_full(bytes.size())) {
        ++dropped_count_;
        return;
    }
    if (auto written = segments_.back().append(bytes, record.seq); !written) {
        ++dropped_count_;
        if (!std::exchange(write_failure_logged_, true)) {
            log_error(to_text(written.error()));
        }
        return;
    }
    write_failure_logged_ = false;
    last_seq_ = record.seq;
}

bool FileLog::roll_if_full(std::size_t record_bytes) {
    const std::uint64_t size_bytes = segments_.back().size_bytes();
    if (size_bytes == 0 || size_bytes + record_bytes <= options_.segment_bytes) {
        return true;
    }
    const std::uint64_t first_seq = last_seq_ + 1;
    Segment next(options_.folder / Segment::file_name(first_seq), first_seq, 0);
    if (auto created = next.create(); !created) {
        if (!std::exchange(write_failure_logged_, true)) {
            log_error(to_text(created.error()));
        }
        return false;
    }
    segments_.back().close_for_append();
    segments_.push_back(std::move(next));
    delete_oldest();
    return true;
}

void FileLog::delete_oldest() {
    std::uint64_t total_bytes = 0;
    for (const auto& segment : segments_) {
        total_bytes += segment.size_bytes();
    }
    // Room for the newest segment to fill up, so that the limit holds between two rolls.
    const std::uint64_t newest_bytes = segments_.back().size_bytes();
    const std::uint64_t room_bytes =
        options_.segment_bytes > newest_bytes ? options_.segment_bytes - newest_bytes : 0;
    while (segments_.size() > 1 && total_bytes + room_bytes > options_.max_bytes) {
        total_bytes -= segments_.front().size_bytes();
        std::error_code ignored;
        std::filesystem::remove(segments_.front().path(), ignored);
        segments_.erase(segments_.begin());
    }
}

std::vector<LogRecord> FileLog::read_after(std::uint64_t after_seq, std::size_t max_count) {
    settle_drops();
    std::vector<LogRecord> records;
    const auto past = std::upper_bound(
        segments_.begin(), segments_.end(), after_seq + 1,
        [](std::uint64_t seq, const Segment& segment) { return seq < segment.first_seq(); });
    auto segment = past == segments_.begin() ? past : std::prev(past);
    for (; segment != segments_.end() && records.size() < max_count; ++segment) {
        segment->read_after(after_seq, max_count, records);
    }
    return records;
}

LogPage FileLog::read(const LogFilter& filter, std::uint64_t after_seq, std::size_t max_count,
                      std::size_t /*max_bytes*/) {
    LogPage page;
    page.next = after_seq;
    for (auto& record : read_after(after_seq, max_count)) {
        page.next = record.seq;
        if (!filter.stream || *filter.stream == record.stream) {
            page.records.push_back(std::move(record));
        }
    }
    page.more = page.next < last_seq_;
    return page;
}

LogPage FileLog::read_last(const LogFilter& filter, std::size_t count, std::uint64_t before_seq) {
    settle_drops();
    // Sequence numbers have no gaps, so the newest records are found by counting back.
    const std::uint64_t end = before_seq == 0 ? last_seq_ + 1 : before_seq;
    const std::uint64_t after = end - 1 > count ? end - 1 - count : 0;
    LogPage page = read(filter, after, count, 0);
    page.more = after > 0;
    page.oldest = after + 1;
    return page;
}

void FileLog::set_secrets(std::vector<std::string> secrets) {
    masker_.set_secrets(std::move(secrets));
}

} // namespace gatehouse::runtime
