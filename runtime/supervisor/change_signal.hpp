// ChangeSignal: lets coroutines of one loop wait until something changed, with a bound. The waiter
// checks its condition again on return; a change between two checks cannot be missed, because
// nothing else runs between the check and the wait.
#pragma once

#include "runtime/base/task.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <utility>

namespace gatehouse::runtime {

class ChangeSignal {
  public:
    explicit ChangeSignal(Executor executor) : executor_(std::move(executor)) {}

    // Completes at the next notify() or after `max`, whichever is first.
    Task<void> wait_for(std::chrono::milliseconds max) {
        asio::steady_timer timer(executor_, max);
        const Entry entry(waiters_, timer);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer.async_wait(token);
    }

    void notify() {
        for (asio::steady_timer* timer : waiters_) {
            timer->cancel();
        }
    }

  private:
    using Waiters = std::list<asio::steady_timer*>;
    class Entry {
      public:
        Entry(Waiters& waiters, asio::steady_timer& timer)
            : waiters_(waiters), place_(waiters.insert(waiters.end(), &timer)) {}
        ~Entry() { waiters_.erase(place_); }
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;

      private:
        Waiters& waiters_;
        Waiters::iterator place_;
    };

    Executor executor_;
    Waiters waiters_;
};

} // namespace gatehouse::runtime
