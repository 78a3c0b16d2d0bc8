// CountedIn: counts a call in for as long as the coroutine that holds it lives, however it ends.
#pragma once

#include <cstdint>

namespace gatehouse::gateway {

class CountedIn {
  public:
    explicit CountedIn(std::uint32_t& count) : count_(count) { ++count_; }
    ~CountedIn() { --count_; }
    CountedIn(const CountedIn&) = delete;
    CountedIn& operator=(const CountedIn&) = delete;

  private:
    std::uint32_t& count_;
};

} // namespace gatehouse::gateway
