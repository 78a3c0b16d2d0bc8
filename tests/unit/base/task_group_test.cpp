#include "runtime/base/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>
#include <chrono>

using namespace gatehouse;

namespace {

Task<void> wait_for_ever(Executor executor) {
    asio::steady_timer timer(executor, std::chrono::hours(1));
    co_await timer.async_wait(asio::use_awaitable);
}

Task<void> stop_and_join(TaskGroup& group, bool& joined) {
    group.stop();
    co_await group.join();
    joined = true;
}

Task<void> fail() {
    throw std::runtime_error("planned");
    co_return;
}

} // namespace

TEST_CASE("stop ends waiting tasks and join returns only when none runs") {
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    group.spawn("waiter one", wait_for_ever(loop.get_executor()));
    group.spawn("waiter two", wait_for_ever(loop.get_executor()));
    loop.poll();
    CHECK(group.running_count() == 2);
    bool joined = false;
    asio::co_spawn(loop, stop_and_join(group, joined), asio::detached);
    loop.restart();
    loop.run();
    CHECK(joined);
    CHECK(group.running_count() == 0);
}

TEST_CASE("an exception ends its own task only") {
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    group.spawn("failing", fail());
    group.spawn("waiter", wait_for_ever(loop.get_executor()));
    loop.poll();
    CHECK(group.running_count() == 1);
    group.stop();
    loop.restart();
    loop.run();
    CHECK(group.running_count() == 0);
}

namespace {

Task<void> join_inner(Executor executor, bool& joined) {
    TaskGroup inner(executor);
    asio::steady_timer timer(executor, std::chrono::milliseconds(20));
    inner.spawn("short", [](asio::steady_timer& wait) -> Task<void> {
        co_await wait.async_wait(asio::use_awaitable);
    }(timer));
    co_await inner.join();
    joined = true;
}

} // namespace

TEST_CASE("join waits for its tasks even if the waiter itself is cancelled meanwhile") {
    asio::io_context loop(1);
    TaskGroup outer(loop.get_executor());
    bool joined = false;
    outer.spawn("owner of a group", join_inner(loop.get_executor(), joined));
    loop.poll();
    outer.stop();
    loop.restart();
    loop.run();
    CHECK(joined);
    CHECK(outer.running_count() == 0);
}

namespace {

Task<void> stop_own_group(TaskGroup& group) {
    group.stop();
    co_return;
}

} // namespace

TEST_CASE("a task that is cancelled before its first wait does not throw out of the loop") {
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    group.spawn("stops its own group", stop_own_group(group));
    REQUIRE_NOTHROW(loop.run());
    CHECK(group.running_count() == 0);
}

namespace {

Task<void> note_and_end(bool& ran) {
    ran = true;
    co_return;
}

Task<void> wait_once(asio::steady_timer& timer, bool& cancelled) {
    boost::system::error_code failure;
    auto token = asio::redirect_error(asio::use_awaitable, failure);
    co_await timer.async_wait(token);
    cancelled = failure == asio::error::operation_aborted;
}

} // namespace

TEST_CASE(
    "stop from outside of the loop reaches no task that ends on its own before the loop sees it") {
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    asio::steady_timer timer(loop, std::chrono::hours(1));
    bool cancelled = false;
    group.spawn("is about to end", wait_once(timer, cancelled));
    loop.poll();
    timer.cancel(); // its end is now queued
    group.stop();
    loop.restart();
    REQUIRE_NOTHROW(loop.run());
    CHECK(cancelled);
    CHECK(group.running_count() == 0);
}

TEST_CASE("a task that stop overtakes before the loop started it never runs") {
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    bool ran = false;
    bool late_ran = false;
    group.spawn("not yet started", note_and_end(ran));
    group.stop();
    group.stop();
    group.spawn("after stop", note_and_end(late_ran));
    REQUIRE_NOTHROW(loop.run());
    CHECK_FALSE(ran);
    CHECK_FALSE(late_ran);
    CHECK(group.running_count() == 0);
}

TEST_CASE("a task that is stopped in the loop before it was started never runs") {
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    bool ran = false;
    asio::post(loop, [&group] { group.stop(); });
    group.spawn("not yet started", note_and_end(ran));
    REQUIRE_NOTHROW(loop.run());
    CHECK_FALSE(ran);
    CHECK(group.running_count() == 0);
}

TEST_CASE("stop from outside of the loop ends waiting tasks, and join completes") {
    asio::io_context loop(1);
    TaskGroup group(loop.get_executor());
    group.spawn("waiter one", wait_for_ever(loop.get_executor()));
    group.spawn("waiter two", wait_for_ever(loop.get_executor()));
    loop.poll();
    group.stop();
    bool joined = false;
    asio::co_spawn(loop, stop_and_join(group, joined), asio::detached);
    loop.restart();
    REQUIRE_NOTHROW(loop.run());
    CHECK(joined);
}
