#include "runtime/logs/file_log.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace gatehouse::runtime {

namespace {

// Longer texts are cut. Only lines that the daemon itself hands over can be that long.
constexpr std::size_t text_max_bytes = 1 << 20;
// A batch is written when it is this long, so that it stays in the processor's cache.
constexpr std::size_t batch_max_bytes = 256 * 1024;
constexpr std::size_t old_record_min_bytes = 33; // of version 1, the smallest there was
constexpr std::chrono::minutes secret_told_interval{1};
constexpr std::chrono::seconds drops_told_interval{1};

Error folder_error(const std::filesystem::path& folder, const std::error_code& code) {
    Error error;
    error.code = "GH-L802";
    error.what = "the log folder of a connector cannot be used";
    error.where = folder.string();
    error.why = code.message();
    error.action = "check the owner of the data folder and the free space of its disk";
    return error;
}

} // namespace

FileLog::FileLog(const Clock& clock, FileLogOptions options)
    : clock_(clock), options_(std::move(options)), drops_since_(clock.steady_now()),
      limits_(options_.rate) {
    if (!options_.batch) {
        options_.batch = std::make_shared<std::string>();
    }
}

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
    log->delete_expired();
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
        return start_segment(1);
    }
    Segment& newest = segments_.back();
    auto readable = newest.recover_for_append();
    if (!readable) {
        return std::move(readable).error();
    }
    if (*readable) {
        last_seq_ = newest.last_seq();
        return {};
    }
    if (newest.size_bytes() < segment_header_bytes) {
        // A kill came between the making of the file and its first bytes.
        const std::uint64_t first_seq = newest.first_seq();
        segments_.pop_back();
        last_seq_ = first_seq - 1;
        return start_segment(first_seq);
    }
    // How many records it holds cannot be known: the numbers go on behind all it may hold.
    last_seq_ = newest.first_seq() - 1 + newest.size_bytes() / old_record_min_bytes;
    return start_segment(last_seq_ + 1);
}

Result<void> FileLog::start_segment(std::uint64_t first_seq) {
    SegmentHeader header;
    for (auto known = segments_.rbegin(); known != segments_.rend(); ++known) {
        if (known->header() != nullptr) {
            known->index();
            header = known->facts();
            break;
        }
    }
    header.first_seq = first_seq;
    auto made = Segment::create(options_.folder, header);
    if (!made) {
        return std::move(made).error();
    }
    if (!segments_.empty()) {
        segments_.back().close_for_append();
    }
    segments_.push_back(std::move(*made));
    return {};
}

void FileLog::append(LogStream stream, const LogContext& context, std::string_view line) {
    const LogLine whole{line, false};
    append_lines(stream, context, std::span(&whole, 1));
}

void FileLog::append_lines(LogStream stream, const LogContext& context,
                           std::span<const LogLine> lines) {
    settle_drops();
    const RecordView record = record_of(stream, context);
    bool masked = false;
    for (const LogLine& line : lines) {
        if (admit(stream, context.instance, line.text.size())) {
            masked = add_line(record, line) || masked;
        } else {
            count_dropped(context, 1, line.text.size());
        }
    }
    write_batch();
    if (masked) {
        tell_secret(stream, context);
    }
}

bool FileLog::admit(LogStream stream, InstanceId instance, std::size_t line_bytes) {
    // The supervisor's own lines are few and tell why a connector is down: they are always kept.
    if (stream == LogStream::supervisor || options_.rate.lines_per_second <= 0) {
        return true;
    }
    const SteadyTime now = clock_.steady_now();
    RateLimit& limit = limits_.of(instance, now);
    if (options_.pressure == LogPressure::block) {
        limit.take(line_bytes, now);
        return true;
    }
    return limit.admit(line_bytes, now);
}

RecordView FileLog::record_of(LogStream stream, const LogContext& context) const {
    using std::chrono::microseconds;
    RecordView record;
    record.time_us = micros_of(clock_.wall_now());
    const auto steady = clock_.steady_now().time_since_epoch();
    record.steady_us = std::chrono::duration_cast<microseconds>(steady).count();
    record.instance = context.instance.value;
    record.stream = stream;
    record.member = context.member;
    for (const CallId call : context.calls) {
        if (record.calls_count < record_calls_max_count) {
            record.calls[record.calls_count++] = call.value;
        }
    }
    return record;
}

LogLevel FileLog::level_of(const RecordView& record, std::string_view text) {
    switch (record.stream) {
    case LogStream::mcp:
        return mcp_level(text);
    case LogStream::supervisor:
    case LogStream::probe:
    case LogStream::egress: {
        const LogLevel found = detect_level(text);
        return found == LogLevel::none ? LogLevel::info : found;
    }
    case LogStream::standard_error:
    case LogStream::stdout_noise:
        return detect_level(text);
    }
    return LogLevel::none;
}

bool FileLog::add_line(RecordView record, const LogLine& line) {
    std::string_view text = line.text.substr(0, text_max_bytes);
    if (!line.continued) {
        line_level_ = level_of(record, text);
    }
    record.level = line_level_;
    record.continued = line.continued;
    ++batch_count_;
    if (!masker_.found_in(text)) {
        add_record(record, text);
        return false;
    }
    std::string masked(text);
    masker_.mask(masked);
    add_record(record, masked);
    return true;
}

void FileLog::add_record(RecordView& record, std::string_view text) {
    do {
        record.text = text.substr(0, log_line_max_bytes);
        text.remove_prefix(record.text.size());
        if (options_.batch->size() + record_max_bytes > batch_max_bytes) {
            write_batch();
        }
        const std::size_t record_bytes =
            record_min_bytes + record.member.size() + record.calls_count * 8U + record.text.size();
        if (!roll_if_full(record_bytes)) {
            ++dropped_count_;
            dropped_bytes_ += text.size();
            return;
        }
        record.seq = ++last_seq_;
        segments_.back().encode(record, *options_.batch);
        record.continued = true;
    } while (!text.empty());
}

void FileLog::write_batch() {
    std::string& batch = *options_.batch;
    const std::uint64_t count = std::exchange(batch_count_, 0);
    if (batch.empty()) {
        return;
    }
    const std::size_t size = batch.size();
    auto written = segments_.back().append(batch);
    batch.clear();
    if (!written) {
        dropped_count_ += count;
        dropped_bytes_ += size;
        say_write_failure(written.error());
        return;
    }
    write_failure_said_ = false;
}

void FileLog::say_write_failure(const Error& error) {
    if (!std::exchange(write_failure_said_, true)) {
        log_error(to_text(error));
    }
}

bool FileLog::roll_if_full(std::size_t record_bytes) {
    const std::uint64_t size_bytes = segments_.back().size_bytes() + options_.batch->size();
    if (size_bytes == segment_header_bytes || size_bytes + record_bytes <= options_.segment_bytes) {
        return true;
    }
    write_batch();
    if (auto started = start_segment(last_seq_ + 1); !started) {
        say_write_failure(started.error());
        return false;
    }
    delete_expired();
    if (options_.on_segment_full) {
        options_.on_segment_full();
    }
    return true;
}

void FileLog::count_dropped(const LogContext& context, std::uint64_t lines, std::uint64_t bytes) {
    if (lines == 0 && bytes == 0) {
        return;
    }
    if (unsaid_count_ == 0 && unsaid_bytes_ == 0) {
        drops_since_ = clock_.steady_now();
    }
    dropped_count_ += lines;
    dropped_bytes_ += bytes;
    unsaid_count_ += lines;
    unsaid_bytes_ += bytes;
    drops_context_.instance = context.instance;
    drops_context_.member = context.member;
}

void FileLog::settle_drops() {
    if (unsaid_count_ == 0 && unsaid_bytes_ == 0) {
        return;
    }
    if (clock_.steady_now() < drops_since_ + drops_told_interval) {
        return;
    }
    const std::uint64_t count = std::exchange(unsaid_count_, 0);
    const std::uint64_t bytes = std::exchange(unsaid_bytes_, 0);
    RecordView record = record_of(LogStream::supervisor, drops_context_);
    record.level = LogLevel::warning;
    add_record(record, "dropped " + std::to_string(count) + " lines, " + std::to_string(bytes) +
                           " bytes: over the log rate limit (GH-L801)");
    write_batch();
}

void FileLog::tell_secret(LogStream stream, const LogContext& context) {
    const SteadyTime now = clock_.steady_now();
    if (!on_secret_seen_ || (secret_told_at_ && now < *secret_told_at_ + secret_told_interval)) {
        return;
    }
    secret_told_at_ = now;
    on_secret_seen_(stream, context);
}

CaptureAdvice FileLog::advise(LogStream /*stream*/, InstanceId instance) {
    const SteadyTime now = clock_.steady_now();
    settle_drops();
    CaptureAdvice advice;
    advice.wait = limits_.of(instance, now).wait_time(now);
    if (advice.wait.count() > 0) {
        const bool block = options_.pressure == LogPressure::block;
        advice.what = block ? CaptureAdvice::What::wait : CaptureAdvice::What::skip;
    }
    return advice;
}

void FileLog::set_secrets(std::vector<std::string> secrets) {
    masker_.set_secrets(std::move(secrets));
}

std::size_t FileLog::hold_back(std::string_view unfinished) const {
    return masker_.hold_back(unfinished);
}

void FileLog::set_on_secret_seen(SecretSeen on_secret_seen) {
    on_secret_seen_ = std::move(on_secret_seen);
}

} // namespace gatehouse::runtime
