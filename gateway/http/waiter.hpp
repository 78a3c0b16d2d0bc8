// Waiter: lets one coroutine sleep until a callback of the same loop wakes it. Used where a
// socket's wait belongs to the connection and not to the coroutine that happens to need it.
#pragma once

#include "runtime/base/assert.hpp"
#include "runtime/base/task.hpp"

#include <optional>
#include <utility>

namespace gatehouse::gateway {

class Waiter {
  public:
    // Completes at the next notify(). At most one coroutine waits at a time. The caller makes sure
    // that something is under way that will notify; closing the socket ends that too.
    Task<void> wait() {
        GH_ASSERT(!handler_);
        return asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
            [this](Handler handler) { handler_.emplace(std::move(handler)); }, asio::use_awaitable);
    }

    // Resumes the waiting coroutine inside this call, if there is one.
    void notify() {
        if (handler_) {
            Handler handler = std::move(*handler_);
            handler_.reset();
            std::move(handler)();
        }
    }

  private:
    using Handler = asio::async_result<asio::use_awaitable_t<Executor>, void()>::handler_type;
    std::optional<Handler> handler_;
};

} // namespace gatehouse::gateway
