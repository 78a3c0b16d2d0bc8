// FileLog: the ConnectorLog on disk. A batch of lines is one write, so a reader sees it at once and
// a killed daemon loses at most the batch it was writing.
#pragma once

#include "runtime/logs/log_store.hpp"
#include "runtime/logs/rate_limit.hpp"
#include "runtime/logs/record_filter.hpp"
#include "runtime/logs/secret_masker.hpp"
#include "runtime/logs/segment.hpp"

#include <vector>

namespace gatehouse::runtime {

// 8 MiB, less for a small log, so that retention by size is not too coarse.
std::uint64_t segment_bytes_for(std::uint64_t max_bytes);

struct FileLogOptions {
    std::filesystem::path folder;
    std::uint64_t max_bytes = 64ULL << 20;
    std::uint64_t segment_bytes = 8ULL << 20;
    std::chrono::seconds max_age{0}; // 0: kept until max_bytes
    RateLimitOptions rate;           // of each instance
    LogPressure pressure = LogPressure::drop;
    // Where batches are put together; logs of one loop may share it. Null: an own one.
    std::shared_ptr<std::string> batch;
    std::function<void()> on_segment_full;
};

class FileLog final : public ConnectorLog {
  public:
    static Result<std::unique_ptr<FileLog>> open(const Clock& clock, FileLogOptions options);
    ~FileLog() override;

    void append(LogStream stream, const LogContext& context, std::string_view line) override;
    void append_lines(LogStream stream, const LogContext& context,
                      std::span<const LogLine> lines) override;
    LogPage read(const LogFilter& filter, std::uint64_t after_seq, std::size_t max_count,
                 std::size_t max_bytes) override;
    LogPage read_last(const LogFilter& filter, std::size_t count,
                      std::uint64_t before_seq) override;
    std::uint64_t last_seq() const override { return last_seq_; }
    std::uint64_t dropped_count() const override { return dropped_count_; }
    std::uint64_t dropped_bytes() const override { return dropped_bytes_; }
    void set_secrets(std::vector<std::string> secrets) override;
    void mask(std::string& text) const override { masker_.mask(text); }
    std::size_t hold_back(std::string_view unfinished) const override;
    void count_dropped(const LogContext& context, std::uint64_t lines,
                       std::uint64_t bytes) override;
    CaptureAdvice advise(LogStream stream, InstanceId instance) override;
    void set_on_secret_seen(SecretSeen on_secret_seen) override;

    // For the owner of all logs.
    void configure(std::uint64_t max_bytes, LogPressure pressure);
    std::uint64_t total_bytes() const;
    std::size_t segment_count() const { return segments_.size(); }
    // False if only the segment that is being written is left.
    bool delete_oldest();
    void delete_expired(); // by max_bytes and max_age

  private:
    FileLog(const Clock& clock, FileLogOptions options);
    Result<void> find_segments();
    Result<void> open_newest();
    Result<void> start_segment(std::uint64_t first_seq);

    bool admit(LogStream stream, InstanceId instance, std::size_t line_bytes);
    RecordView record_of(LogStream stream, const LogContext& context) const;
    LogLevel level_of(const RecordView& record, std::string_view text);
    // Returns whether a secret was masked in it.
    bool add_line(RecordView record, const LogLine& line);
    void add_record(RecordView& record, std::string_view text);
    void write_batch();
    bool roll_if_full(std::size_t record_bytes);
    void say_write_failure(const Error& error);
    void tell_secret(LogStream stream, const LogContext& context);
    // Writes the record that says how much was dropped, once a second while lines are dropped.
    void settle_drops();

    // The readers' side: file_log_read.cpp.
    struct Reading;
    LogFilter without_previous(const LogFilter& filter) const;
    std::size_t segment_of(std::uint64_t seq) const;
    std::size_t first_segment(const RecordFilter& filter, std::uint64_t after_seq);
    bool read_segment(Reading& reading, Segment& segment, std::uint64_t after_seq);
    bool read_segment_backward(Reading& reading, Segment& segment, std::uint64_t before_seq);

    const Clock& clock_;
    FileLogOptions options_;
    std::vector<Segment> segments_; // oldest first, never empty after open
    std::uint64_t last_seq_ = 0;
    std::uint64_t dropped_count_ = 0;
    std::uint64_t dropped_bytes_ = 0;
    std::uint64_t unsaid_count_ = 0;
    std::uint64_t unsaid_bytes_ = 0;
    SteadyTime drops_since_;
    LogContext drops_context_;
    std::uint64_t batch_count_ = 0;        // lines in the batch that is put together
    LogLevel line_level_ = LogLevel::none; // of the line whose pieces are coming
    bool write_failure_said_ = false;
    InstanceRateLimits limits_;
    SecretMasker masker_;
    SecretSeen on_secret_seen_;
    std::optional<SteadyTime> secret_told_at_;
    PatternCache patterns_;
};

} // namespace gatehouse::runtime
