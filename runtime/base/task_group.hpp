// TaskGroup: every background coroutine is started here, counted, and joined. Declare it last in
// its owner, and join it before the owner goes. The only place where a coroutine is started
// detached.
#pragma once

#include "runtime/base/task.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace gatehouse {

class TaskGroup {
  public:
    explicit TaskGroup(Executor executor);
    // Aborts if a coroutine still runs: the owner forgot to join.
    ~TaskGroup();
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;

    // Starts the coroutine on the group's executor. An exception that leaves it is logged with
    // `name` and ends only that coroutine. After stop(), the coroutine is destroyed without being
    // started.
    void spawn(std::string name, Task<void> task);

    // Asks every coroutine to end: emits Asio terminal cancellation to each that has started, and
    // destroys the others unstarted. Idempotent; also from outside of the running loop.
    void stop();
    // Completes when none runs any more. Does not stop them by itself.
    Task<void> join();

    std::size_t running_count() const;
    bool stopping() const;

  private:
    struct State;
    struct Entry;
    struct OnEnd;
    static Task<void> run_contained(std::shared_ptr<State> state, std::shared_ptr<Entry> entry,
                                    Task<void> task);

    std::shared_ptr<State> state_;
};

} // namespace gatehouse
