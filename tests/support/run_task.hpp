// Runs one coroutine on a loop until it ends, and gives its value. For tests.
#pragma once

#include "runtime/base/task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>

namespace gatehouse::test {

template <class T>
Task<void> keep_value(Task<T> task, std::optional<T>* value) {
    *value = co_await std::move(task);
}

template <class T>
T run_task(asio::io_context& loop, Task<T> task) {
    std::optional<T> value;
    std::exception_ptr failure;
    bool ended = false;
    asio::co_spawn(loop, keep_value(std::move(task), &value), [&](std::exception_ptr thrown) {
        failure = thrown;
        ended = true;
    });
    loop.restart();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!ended && std::chrono::steady_clock::now() < limit) {
        loop.run_one_for(std::chrono::milliseconds(100));
        loop.restart();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    if (!value) {
        throw std::runtime_error("the coroutine did not end within 30 seconds");
    }
    return std::move(*value);
}

// Runs the loop until the condition holds; false after ten seconds.
template <class Condition>
bool eventually(asio::io_context& loop, Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > limit) {
            return false;
        }
        loop.restart();
        loop.run_one_for(std::chrono::milliseconds(5));
    }
    return true;
}

} // namespace gatehouse::test
