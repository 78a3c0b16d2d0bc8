#include "runtime/supervisor/process_memory.hpp"
#include "runtime/supervisor/start_slots.hpp"
#include "runtime/supervisor/stderr_capture.hpp"
#include "runtime/supervisor/uid_registry.hpp"

#include "runtime/base/task_group.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

using namespace gatehouse;
using namespace gatehouse::runtime;

TEST_CASE("at most so many starts run at a time, in the order of their requests") {
    StartSlots slots(2);
    std::string order;
    slots.request([&] { order += 'a'; });
    slots.request([&] { order += 'b'; });
    slots.request([&] { order += 'c'; });
    const auto withdrawn = slots.request([&] { order += 'x'; });
    slots.request([&] { order += 'd'; });
    CHECK(order == "ab");
    slots.withdraw(withdrawn);
    slots.release();
    CHECK(order == "abc");
    slots.release();
    CHECK(order == "abcd");
    slots.release();
    slots.request([&] { order += 'e'; });
    CHECK(order == "abcde");
}

TEST_CASE("a connector keeps its uid over restarts, and no two share one") {
    std::string folder = "/tmp/gh-uids-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const std::filesystem::path file = std::filesystem::path(folder) / "state" / "uids";
    {
        UidRegistry uids(file, 200'000);
        CHECK(*uids.uid_for(ConnectorName("a")) == 200'000);
        CHECK(*uids.uid_for(ConnectorName("b")) == 200'001);
        CHECK(*uids.uid_for(ConnectorName("a")) == 200'000);
    }
    UidRegistry again(file, 200'000);
    CHECK(*again.uid_for(ConnectorName("c")) == 200'002);
    CHECK(*again.uid_for(ConnectorName("b")) == 200'001);
    std::ofstream(file, std::ios::trunc) << "a 0\n";
    UidRegistry damaged(file, 200'000);
    CHECK(damaged.uid_for(ConnectorName("a")).error().code == "GH-P317");
    std::ofstream(file, std::ios::trunc) << "a many\n";
    CHECK_FALSE(damaged.uid_for(ConnectorName("a")).has_value());
    std::filesystem::remove_all(folder);
}

TEST_CASE("memory of this process is counted, of none is 0") {
    CHECK(tree_memory_bytes(::getpid()) > 1'000'000);
    CHECK(tree_memory_bytes(0x7ffffff0) == 0);
    CHECK(tree_use(0x7ffffff0).cpu_ms == 0);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    const auto before = tree_use(::getpid()).cpu_ms;
    while (tree_use(::getpid()).cpu_ms < before + 20) {
        REQUIRE(std::chrono::steady_clock::now() < until);
    }
}
