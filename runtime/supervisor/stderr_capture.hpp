// StderrCapture: reads what a connector writes until its end and hands out lines in batches. It
// reads as fast as the connector writes, so that the connector never blocks on its log; what is
// over the log's rate limit is counted and skipped without making lines of it. A connector that
// floods gets a bounded share of the loop.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/logs/line_splitter.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string_view>

namespace gatehouse::runtime {

// Must stay callable until run() has returned. All but on_lines may be empty.
struct CaptureHandlers {
    std::function<void(std::span<const LogLine>)> on_lines; // texts valid during the call
    std::function<void(const SkippedLines&)> on_skipped;
    std::function<CaptureAdvice()> advise;                  // empty: take
    std::function<std::size_t(std::string_view)> hold_back; // ConnectorLog::hold_back
};

class StderrCapture {
  public:
    // Read at one go before others have their turn.
    static constexpr std::size_t turn_max_bytes = 256 * 1024;

    StderrCapture(Executor executor, UniqueFd pipe, CaptureHandlers handlers);
    ~StderrCapture();

    // Returns at the end of the stream or after stop(). A line that stays unfinished for 1 s is
    // handed out as it is, its rest as its continuation.
    Task<void> run();
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace gatehouse::runtime
