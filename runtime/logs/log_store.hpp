// LogStore: the captured lines of every connector, in segments on disk (data/logs/<connector>/),
// with retention by size. Appending never blocks a connector: over the rate limit lines are dropped
// and counted. One event loop; readers read from disk by cursor.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

enum class LogStream {
    standard_error,
    stdout_noise,
    supervisor,
    mcp
}; // "stderr", "stdout_noise", …

struct LogRecord {
    std::uint64_t seq = 0; // per connector, from 1, without gaps except for dropped files
    WallTime time;
    InstanceId instance;
    LogStream stream = LogStream::standard_error;
    std::string text; // at most 16 KiB, bytes as they came
};

const char* to_text(LogStream stream);

class ConnectorLog {
  public:
    virtual ~ConnectorLog() = default;
    virtual void append(LogStream stream, InstanceId instance, std::string_view line) = 0;
    // Records after `after_seq`, oldest first, at most max_count.
    virtual std::vector<LogRecord> read_after(std::uint64_t after_seq, std::size_t max_count) = 0;
    // The newest `count`, oldest first.
    virtual std::vector<LogRecord> read_last(std::size_t count) = 0;
    virtual std::uint64_t last_seq() const = 0;
    virtual std::uint64_t dropped_count() const = 0;
    // Values masked before they reach the disk, each at least 6 bytes; replaces the earlier set.
    virtual void set_secrets(std::vector<std::string> secrets) = 0;
};

class LogStore {
  public:
    LogStore(const Clock& clock, std::filesystem::path folder);
    ~LogStore();
    // Opens or creates; a torn tail left by a kill is cut. max_bytes: manifest logs.max_bytes.
    Result<ConnectorLog*> open(const ConnectorName& name, std::uint64_t max_bytes);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Splits a byte stream into lines of at most 16 KiB; longer ones come out in pieces. Pure.
class LineSplitter {
  public:
    static constexpr std::size_t line_max_bytes = 16 * 1024;
    std::vector<std::string> feed(std::string_view bytes);
    // The unfinished rest, if any (end of stream, or 1 s without a newline).
    std::string flush();
    bool has_partial() const { return !partial_.empty(); }

  private:
    std::string partial_;
};

} // namespace gatehouse::runtime
