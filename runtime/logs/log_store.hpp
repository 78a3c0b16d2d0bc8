// LogStore: the captured lines of every connector, in segments on disk (data/logs/<connector>/),
// with retention by size and age. Appending never blocks a connector: over the rate limit lines are
// dropped and counted. One event loop; readers read from disk by cursor, a bounded piece at a time.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/logs/level.hpp"
#include "runtime/logs/rate_limit.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

constexpr std::size_t log_line_max_bytes = 16 * 1024;

enum class LogStream { standard_error, stdout_noise, supervisor, mcp, probe, egress };
const char* to_text(LogStream stream); // "stderr", "stdout_noise", "supervisor", …
std::optional<LogStream> parse_log_stream(std::string_view word);

// Whose line it is and what was going on when it came.
struct LogContext {
    InstanceId instance;
    std::string member; // hashed (member_folder_of), empty for the shared instance; ≤ 64 bytes
    std::vector<CallId> calls; // in flight at that instant, at most 8
};

struct LogRecord {
    std::uint64_t seq = 0; // per connector, from 1, rising; gaps only where files were lost
    WallTime time;
    std::int64_t steady_us = 0; // monotonic clock of the host, for spans between lines
    InstanceId instance;
    LogStream stream = LogStream::standard_error;
    LogLevel level = LogLevel::none;
    bool continued = false; // the rest of a line whose beginning is an earlier record of its stream
    std::string member;
    std::vector<CallId> calls;
    std::string text; // at most 16 KiB, bytes as they came
};

// What a reader wants to see. All that is set must hold.
struct LogFilter {
    std::optional<WallTime> since; // inclusive
    std::optional<WallTime> until; // inclusive
    std::optional<InstanceId> instance;
    bool previous = false;               // of the instance before the newest one
    LogLevel min_level = LogLevel::none; // lines of unknown level only pass `none`
    std::string grep;                    // RE2, found anywhere in the text; empty: all
    std::optional<CallId> call;          // was in flight
    std::string member;
    std::optional<LogStream> stream;
};

// GH-C532 if `grep` is no regular expression. A reading with such a filter finds nothing.
Result<void> check_filter(const LogFilter& filter);

struct LogPage {
    std::vector<LogRecord> records; // oldest first
    std::uint64_t next = 0;         // cursor: everything up to this seq has been looked at
    // read: there is more after `next`. read_last: older records were not looked at, for which
    // read_last is called again with before_seq = oldest.
    bool more = false;
    std::uint64_t oldest = 0;        // read_last: everything from this seq on has been looked at
    std::uint64_t damaged_bytes = 0; // left out, because the disk gave back other bytes
};

// A line, or a piece of a line that is longer than log_line_max_bytes or came late.
struct LogLine {
    std::string_view text;
    bool continued = false;
};

// What a capture does with the bytes of an instance: keep them, count and skip them (over the rate
// limit), or leave them in the pipe for so long (`backpressure: block`).
struct CaptureAdvice {
    enum class What { take, skip, wait };
    What what = What::take;
    std::chrono::milliseconds wait{0};
};

class ConnectorLog {
  public:
    virtual ~ConnectorLog() = default;
    virtual void append(LogStream stream, const LogContext& context, std::string_view line) = 0;
    // Many lines of one instant in one write.
    virtual void append_lines(LogStream stream, const LogContext& context,
                              std::span<const LogLine> lines) = 0;
    // What passes the filter after the cursor, oldest first. Looks at 2 MiB of disk at most, so a
    // page may be empty with `more` set.
    virtual LogPage read(const LogFilter& filter, std::uint64_t after_seq, std::size_t max_count,
                         std::size_t max_bytes) = 0;
    // The newest `count` that pass the filter, oldest first; before_seq 0 means from the end.
    virtual LogPage read_last(const LogFilter& filter, std::size_t count,
                              std::uint64_t before_seq = 0) = 0;
    virtual std::uint64_t last_seq() const = 0;
    virtual std::uint64_t dropped_count() const = 0;
    virtual std::uint64_t dropped_bytes() const { return 0; }
    // Values masked before they reach the disk, each at least 6 bytes; replaces the earlier set.
    virtual void set_secrets(std::vector<std::string> secrets) = 0;
    // How many bytes at the end of an unfinished text may be the beginning of a secret and must
    // wait for what follows.
    virtual std::size_t hold_back(std::string_view /*unfinished*/) const { return 0; }
    // Reports lines that are lost before they become lines (a capture over its rate limit).
    virtual void count_dropped(const LogContext& /*context*/, std::uint64_t /*lines*/,
                               std::uint64_t /*bytes*/) {}
    // What a capture does with the bytes it can read now.
    virtual CaptureAdvice advise(LogStream /*stream*/, InstanceId /*instance*/) { return {}; }
    // Called when a secret was masked (GH-S603), at most once a minute.
    using SecretSeen = std::function<void(LogStream stream, const LogContext& context)>;
    virtual void set_on_secret_seen(SecretSeen /*on_secret_seen*/) {}
    // Masks a text that goes elsewhere: what a connector says of itself may hold a secret.
    virtual void mask(std::string& /*text*/) const {}
};

// What happens over the rate limit: lines are dropped and counted, or the connector is held back
// (the manifest's backpressure: block).
enum class LogPressure { drop, block };

struct LogStoreOptions {
    std::uint64_t host_max_bytes = 4ULL << 30; // over all connectors; 0: no cap
    std::chrono::seconds max_age{0};           // segments that ended earlier go; 0: kept
    RateLimitOptions rate;                     // of each instance
};

class LogStore {
  public:
    LogStore(const Clock& clock, std::filesystem::path folder, LogStoreOptions options = {});
    ~LogStore();
    // Opens or creates; a torn tail left by a kill is cut. max_bytes: manifest logs.max_bytes. The
    // settings of a log that is open already stay as they are.
    Result<ConnectorLog*> open(const ConnectorName& name, std::uint64_t max_bytes,
                               LogPressure pressure = LogPressure::drop);
    // New settings for a log that is open, from now on.
    void configure(const ConnectorName& name, std::uint64_t max_bytes, LogPressure pressure);
    // Connectors that have a log on disk, deleted ones too, sorted.
    std::vector<ConnectorName> names() const;
    // The log of a connector that may have been deleted; null if there is none.
    ConnectorLog* find(const ConnectorName& name);
    // Removes what is over the host's cap or too old. Happens by itself when a segment is full; the
    // owner may call it now and then for logs that no longer grow.
    void tidy();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::runtime
