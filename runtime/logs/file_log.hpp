// FileLog: the ConnectorLog on disk. Each append is one write, so a reader sees the line at once
// and a killed daemon loses at most the line it was writing.
#pragma once

#include "runtime/logs/log_store.hpp"
#include "runtime/logs/rate_limit.hpp"
#include "runtime/logs/secret_masker.hpp"
#include "runtime/logs/segment.hpp"

#include <vector>

namespace gatehouse::runtime {

struct FileLogOptions {
    std::filesystem::path folder;
    std::uint64_t max_bytes = 64ULL << 20;
    std::uint64_t segment_bytes = 8ULL << 20;
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
    void set_secrets(std::vector<std::string> secrets) override;

  private:
    FileLog(const Clock& clock, FileLogOptions options);
    Result<void> find_segments();
    Result<void> open_newest();
    std::vector<LogRecord> read_after(std::uint64_t after_seq, std::size_t max_count);
    void drop_line();
    // Writes the record that says how much was dropped, once a second while lines are dropped.
    void settle_drops();
    void write_record(LogStream stream, InstanceId instance, std::string text);
    bool roll_if_full(std::size_t record_bytes);
    void delete_oldest();

    const Clock& clock_;
    FileLogOptions options_;
    std::vector<Segment> segments_; // oldest first, never empty after open
    std::uint64_t last_seq_ = 0;
    std::uint64_t dropped_count_ = 0;
    std::uint64_t drops_unsaid_ = 0;
    SteadyTime drops_since_;
    InstanceId drops_instance_;
    bool write_failure_logged_ = false;
    RateLimit limit_;
    SecretMasker masker_;
};

} // namespace gatehouse::runtime
