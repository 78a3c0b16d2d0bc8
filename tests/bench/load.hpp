// The load generator: N connections, one call in flight on each, every answer checked. One thread,
// epoll.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gatehouse::bench {

struct LoadOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    std::string path = "/";
    std::vector<std::string> headers; // "Name: value"
    std::string params;               // raw JSON of the params of tools/call
    int in_flight = 1;
    std::chrono::milliseconds warm_up{300}; // not counted
    std::chrono::milliseconds duration{2000};
    std::size_t answer_min_bytes = 0; // a shorter body counts as an error
    std::size_t progress_count = 0;   // notifications of progress in each answer; else an error
};

struct LoadResult {
    std::uint64_t calls = 0;
    std::uint64_t errors = 0;
    std::uint64_t body_bytes = 0;
    double seconds = 0;
    std::vector<std::uint32_t> latencies_us; // of each counted call, unsorted
    std::string first_error;                 // the head and begin of the first wrong answer
};

// Throws std::runtime_error if a connection cannot be made or breaks.
LoadResult run_load(const LoadOptions& options);

} // namespace gatehouse::bench
