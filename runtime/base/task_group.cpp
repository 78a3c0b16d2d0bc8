#include "runtime/base/task_group.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <list>
#include <utility>
#include <vector>

namespace gatehouse {

struct TaskGroup::State {
    explicit State(Executor group_executor)
        : executor(std::move(group_executor)), all_ended(executor) {
        all_ended.expires_at(asio::steady_timer::time_point::max());
    }

    Executor executor;
    asio::steady_timer all_ended; // never expires; cancelled to wake join()
    std::list<asio::cancellation_signal> signals;
    bool stopping = false;
};

namespace {

void report_end(const std::string& name, const std::exception_ptr& failure) {
    if (!failure) {
        return;
    }
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) {
            log_error("background task '" + name + "' ended by an error: " + error.what());
        }
    } catch (const std::exception& error) {
        log_error("background task '" + name + "' ended by an exception: " + error.what());
    }
}

// Asio 1.81 awaits once more after the coroutine it was given has ended, outside of its own try
// block; if the task is cancelled by then, that wait throws out of io_context::run. So the task's
// end is taken here, and nothing after it can throw but what the task itself threw.
Task<void> run_contained(Task<void> task) {
    std::exception_ptr failure;
    try {
        co_await std::move(task);
    } catch (...) {
        failure = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    if (failure) {
        std::rethrow_exception(failure);
    }
}

} // namespace

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
    GH_ASSERT(state_->signals.empty());
}

void TaskGroup::spawn(std::string name, Task<void> task) {
    if (state_->stopping) {
        return;
    }
    const auto position = state_->signals.emplace(state_->signals.end());
    auto on_end = [state = state_, position, name = std::move(name)](std::exception_ptr failure) {
        report_end(name, failure);
        state->signals.erase(position);
        if (state->signals.empty()) {
            state->all_ended.cancel();
        }
    };
    asio::co_spawn(state_->executor, run_contained(std::move(task)),
                   asio::bind_cancellation_slot(position->slot(), std::move(on_end)));
}

void TaskGroup::stop() {
    if (state_->stopping) {
        return;
    }
    state_->stopping = true;
    // A handler may end at once and erase its own entry, so walk over a copy of the addresses; the
    // list keeps addresses stable, and an entry is erased only through the executor, never inside
    // emit.
    std::vector<asio::cancellation_signal*> running;
    running.reserve(state_->signals.size());
    for (auto& signal : state_->signals) {
        running.push_back(&signal);
    }
    for (auto* signal : running) {
        signal->emit(asio::cancellation_type::terminal);
    }
}

Task<void> TaskGroup::join() {
    const std::shared_ptr<State> state = state_;
    // The caller may itself be cancelled while it waits; leaving early would break the promise, so
    // the cancellation is noted by Asio and thrown only at the caller's next wait.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!state->signals.empty()) {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await state->all_ended.async_wait(token);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
}

std::size_t TaskGroup::running_count() const {
    return state_->signals.size();
}
bool TaskGroup::stopping() const {
    return state_->stopping;
}

} // namespace gatehouse
