#include "runtime/base/task_group.hpp"

#include "runtime/base/assert.hpp"
#include "runtime/base/log.hpp"

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

struct TaskGroup::Entry {
    asio::cancellation_signal signal;
    bool started = false; // until then there is nothing to cancel
};

struct TaskGroup::State {
    explicit State(Executor group_executor)
        : executor(std::move(group_executor)), all_ended(executor) {
        all_ended.expires_at(asio::steady_timer::time_point::max());
    }

    Executor executor;
    asio::steady_timer all_ended; // never expires; cancelled to wake join()
    std::list<std::shared_ptr<Entry>> entries;
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

} // namespace

// Asio 1.81 awaits twice outside of its own try block: before it starts the coroutine it was given,
// and after that has ended. If the task is cancelled by then, the second wait throws out of
// io_context::run. So nothing is cancelled before it gets here, the task's end is taken here, and
// nothing after it can throw but what the task itself threw.
Task<void> TaskGroup::run_contained(std::shared_ptr<State> state, std::shared_ptr<Entry> entry,
                                    Task<void> task) {
    if (state->stopping) {
        co_return;
    }
    entry->started = true;
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

// What happens at a task's end. Its slot is its own member and not bound by
// bind_cancellation_slot(): to a handler so bound, Asio 1.81 hands a cancellation from outside of
// the loop through the queue, as a bare address that may be gone when its turn comes. A handler
// that names no executor gets it at once.
struct TaskGroup::OnEnd {
    using cancellation_slot_type = asio::cancellation_slot;
    cancellation_slot_type get_cancellation_slot() const noexcept { return entry->signal.slot(); }

    void operator()(const std::exception_ptr& failure) const {
        report_end(name, failure);
        state->entries.erase(position);
        if (state->entries.empty()) {
            state->all_ended.cancel();
        }
    }

    std::shared_ptr<State> state;
    std::shared_ptr<Entry> entry;
    std::list<std::shared_ptr<Entry>>::iterator position;
    std::string name;
};

TaskGroup::TaskGroup(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

TaskGroup::~TaskGroup() {
    GH_ASSERT(state_->entries.empty());
}

void TaskGroup::spawn(std::string name, Task<void> task) {
    if (state_->stopping) {
        return;
    }
    auto entry = std::make_shared<Entry>();
    const auto position = state_->entries.insert(state_->entries.end(), entry);
    OnEnd on_end{state_, entry, position, std::move(name)};
    asio::co_spawn(state_->executor, run_contained(state_, std::move(entry), std::move(task)),
                   std::move(on_end));
}

void TaskGroup::stop() {
    if (state_->stopping) {
        return;
    }
    state_->stopping = true;
    // A task may end, and erase its entry, while others are told; so walk over a copy that keeps
    // every entry alive. One that has not started sees `stopping` when its turn comes.
    const std::vector<std::shared_ptr<Entry>> running(state_->entries.begin(),
                                                      state_->entries.end());
    for (const auto& entry : running) {
        if (entry->started) {
            entry->signal.emit(asio::cancellation_type::terminal);
        }
    }
}

Task<void> TaskGroup::join() {
    const std::shared_ptr<State> state = state_;
    // The caller may itself be cancelled while it waits; leaving early would break the promise, so
    // the cancellation is noted by Asio and thrown only at the caller's next wait.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!state->entries.empty()) {
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await state->all_ended.async_wait(token);
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
}

std::size_t TaskGroup::running_count() const {
    return state_->entries.size();
}
bool TaskGroup::stopping() const {
    return state_->stopping;
}

} // namespace gatehouse
