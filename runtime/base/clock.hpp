// The clock as a constructor parameter: the system's, or one that a test moves by hand.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

class Clock {
  public:
    virtual ~Clock() = default;
    virtual SteadyTime steady_now() const = 0;
    virtual WallTime wall_now() const = 0;
};

class SystemClock final : public Clock {
  public:
    SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
    WallTime wall_now() const override { return std::chrono::system_clock::now(); }
};

// Stands still until a test moves it.
class ManualClock final : public Clock {
  public:
    SteadyTime steady_now() const override { return SteadyTime(elapsed_); }
    WallTime wall_now() const override { return start_ + elapsed_; }
    void advance(std::chrono::milliseconds step) { elapsed_ += step; }

  private:
    std::chrono::nanoseconds elapsed_{std::chrono::hours(1)};
    WallTime start_{std::chrono::seconds(1'700'000'000)};
};

// RFC 3339 in UTC with microseconds: "2026-11-25T08:00:00.000000Z".
std::string rfc3339_text(WallTime time);
// "2026-11-25T08:00:00Z", with or without a fraction; nothing for anything else.
std::optional<WallTime> parse_rfc3339(std::string_view text);

} // namespace gatehouse
