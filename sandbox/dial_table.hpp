// The dials that init has not answered yet, by number. The table is the bound: a dial that was
// given up keeps its place until its answer has come, so that no more answers are under way than
// the control socket holds. Used by ChildProcess.
#pragma once

#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

namespace gatehouse::sandbox {

// errno values that init never answers with.
inline constexpr int dial_ended_errno = ESHUTDOWN; // the connector has ended
inline constexpr int dial_full_errno = EBUSY;      // too many dials without an answer

struct DialAnswer {
    int error_number = 0;
    UniqueFd socket; // connecting; only without an error
};

struct PendingDial {
    PendingDial(const Executor& executor, std::chrono::steady_clock::time_point deadline)
        : timer(executor, deadline) {}

    std::uint32_t number = 0;
    std::optional<DialAnswer> answer;
    asio::steady_timer timer; // ends at the deadline, or is cancelled by the answer
};

class DialTable {
  public:
    static constexpr std::size_t max_unanswered_count = 64;

    // Numbers the dial and keeps it until it is answered. False if there are too many.
    bool add(std::shared_ptr<PendingDial> dial);
    // The command could not be sent: no answer will come.
    void remove(std::uint32_t number);
    // An answer to a number that is not in the table is closed.
    void answer(std::uint32_t number, DialAnswer answer);
    // No answer comes any more: all that wait are answered with dial_ended_errno.
    void close();

    bool closed() const { return closed_; }
    std::size_t unanswered_count() const { return pending_.size(); }

  private:
    std::map<std::uint32_t, std::shared_ptr<PendingDial>> pending_;
    std::uint32_t last_number_ = 0;
    bool closed_ = false;
};

} // namespace gatehouse::sandbox
