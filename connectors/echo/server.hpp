// The echo connector as a pure state: lines in, bytes out, one clock value handed in. No I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace echo_connector {

using TimePoint = std::chrono::steady_clock::time_point;

class Server {
  public:
    // Handles one line (without its newline) and appends what is to be written to `out`.
    void on_line(std::string_view line, TimePoint now, std::string& out);
    // Appends the progress notifications and answers that are due.
    void on_time(TimePoint now, std::string& out);
    // When on_time() must be called next; empty while nobody sleeps.
    std::optional<TimePoint> next_due() const;

  private:
    struct Sleeper {
        std::string id;    // raw JSON
        std::string token; // raw JSON progress token; empty: no progress wanted
        TimePoint start;
        std::chrono::milliseconds length;
        int steps_done = 0;
    };

    void on_request(std::string_view id, std::string_view method, std::string_view params,
                    TimePoint now, std::string& out);
    void call_tool(std::string_view id, std::string_view params, TimePoint now, std::string& out);
    void sleep(std::string_view id, std::string_view arguments, std::string_view meta,
               TimePoint now, std::string& out);
    void cancel(std::string_view params);
    static TimePoint due(const Sleeper& sleeper);

    std::vector<Sleeper> sleepers_; // at most max_sleepers_count
};

} // namespace echo_connector
