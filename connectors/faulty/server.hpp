// The MCP side: answers what is right, and hands what is to go wrong to the faults. One thread; the
// faults may start others.
#pragma once

#include "connectors/faulty/fault.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faulty {

struct Options {
    std::string at; // "start", "initialize", "list": before what `fault` is done; empty: never
    Fault fault;
    std::string when;     // a file without which the fault is not done; empty: always
    std::string once;     // a file that, if it is there, says that the fault was done already
    long tools_count = 0; // besides the two
    bool ignore_eof = false;
    bool early_list_changed = false;
};

class Server {
  public:
    explicit Server(Options options) : options_(std::move(options)) {}

    void on_line(std::string_view line);
    void on_time();
    // Milliseconds until on_time() is wanted; -1: never.
    int wait_ms() const;
    // Does the fault of the command line if `stage` is its place; true if it was.
    bool reach(std::string_view stage);
    // False after the fault `deaf`: stdin is to be left alone.
    bool reads() const { return reads_; }

  private:
    using TimePoint = std::chrono::steady_clock::time_point;
    struct Later {
        TimePoint due;
        std::string id; // of the call it is for; a cancellation takes it away unless keep
        bool keep = false;
        std::function<void()> act;
    };

    void on_request(std::string_view id, std::string_view method, std::string_view params);
    void call(std::string_view id, std::string_view params);
    void call_ok(std::string_view id, std::string_view arguments);
    void call_fault(Fault fault, std::string_view arguments);
    void do_fault(const Fault& fault);
    bool do_timed_fault(const Fault& fault);
    void list_tools(std::string_view id);
    void on_cancel(std::string_view params);
    void later(long ms, Later what);

    Options options_;
    std::vector<Later> laters_;
    std::vector<std::string> answer_when_cancelled_; // ids
    bool reads_ = true;
};

} // namespace faulty
