// CountedWhile: counts one more for as long as it lives.
#pragma once

#include <cstdint>

namespace gatehouse::runtime {

class CountedWhile {
  public:
    explicit CountedWhile(std::uint64_t& count) : count_(count) { ++count_; }
    ~CountedWhile() { --count_; }
    CountedWhile(const CountedWhile&) = delete;
    CountedWhile& operator=(const CountedWhile&) = delete;

  private:
    std::uint64_t& count_;
};

} // namespace gatehouse::runtime
