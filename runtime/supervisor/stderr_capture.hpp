// StderrCapture: reads a connector's stderr until its end and hands out lines. It reads as fast as
// the connector writes, so that the connector never blocks on its log; the log drops what is too
// much.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/logs/log_store.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gatehouse::runtime {

class StderrCapture {
  public:
    // on_line must stay callable until run() has returned.
    StderrCapture(Executor executor, UniqueFd pipe,
                  std::function<void(const std::string&)> on_line);
    ~StderrCapture();

    // Returns at the end of the stream or after stop(). A line that stays unfinished for 1 s is
    // handed out as it is.
    Task<void> run();
    void stop();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace gatehouse::runtime
