// WaitLimit: the deadline of one exchange, and the way to end it from outside. Whoever waits says
// how its wait is cut short (by closing the socket); the deadline or abort() does so. Shared by the
// exchange and its caller. One event loop.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/task.hpp"

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace gatehouse::runtime {

enum class WaitCut { none, timed_out, aborted };

class WaitLimit : public std::enable_shared_from_this<WaitLimit> {
  public:
    explicit WaitLimit(Executor executor) : timer_(std::move(executor)) {}

    // Ends the exchange at once. Idempotent; also before it began.
    void abort() { cut_short(WaitCut::aborted); }
    WaitCut cut() const { return cut_; }

    // From now on the exchange has time until then; asking for the same time again costs nothing.
    void set_deadline(SteadyTime until) {
        if (cut_ != WaitCut::none || until == armed_for_) {
            return;
        }
        armed_for_ = until;
        timer_.expires_at(until);
        timer_.async_wait([weak = weak_from_this(), until](boost::system::error_code failure) {
            const auto self = weak.lock();
            if (!failure && self && self->armed_for_ == until) {
                self->cut_short(WaitCut::timed_out);
            }
        });
    }
    // Called once when the wait is cut; at once if it is cut already. Replaces the one before.
    void set_interrupt(std::function<void()> interrupt) {
        interrupt_ = std::move(interrupt);
        if (cut_ != WaitCut::none) {
            run_interrupt();
        }
    }
    // The exchange ended by itself: nothing is cut any more.
    void release() {
        interrupt_ = nullptr;
        armed_for_ = SteadyTime::min();
        timer_.cancel();
    }

  private:
    void cut_short(WaitCut cut) {
        if (cut_ == WaitCut::none) {
            cut_ = cut;
            timer_.cancel();
            run_interrupt();
        }
    }
    void run_interrupt() {
        if (const auto interrupt = std::exchange(interrupt_, nullptr)) {
            interrupt();
        }
    }

    asio::steady_timer timer_;
    SteadyTime armed_for_ = SteadyTime::min();
    WaitCut cut_ = WaitCut::none;
    std::function<void()> interrupt_;
};

} // namespace gatehouse::runtime
