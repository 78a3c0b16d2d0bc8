// MemoryWatch: when the kernel last ran out of memory in a control group. The count of kills there
// does not say whose end was one: a process that dies right after such an event was killed by it,
// one that is killed hours later was not.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <memory>
#include <optional>

namespace gatehouse::sandbox {

class MemoryWatch : public std::enable_shared_from_this<MemoryWatch> {
  public:
    // Of Cgroup::watch_memory(). is_counter: an eventfd (version 1), else a file of the group.
    static std::shared_ptr<MemoryWatch> start(Executor executor, UniqueFd event, bool is_counter);
    void stop();

    // Looks once more before it answers.
    bool had_event_within(std::chrono::milliseconds time);

  private:
    MemoryWatch(Executor executor, UniqueFd event, bool is_counter);
    void wait();
    void look();

    asio::posix::stream_descriptor event_;
    bool is_counter_;
    std::optional<std::chrono::steady_clock::time_point> last_;
};

} // namespace gatehouse::sandbox
