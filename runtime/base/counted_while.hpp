// CountedWhile: counts one more for as long as it lives, however the coroutine that holds it ends.
#pragma once

namespace gatehouse {

template <class Count>
class CountedWhile {
  public:
    explicit CountedWhile(Count& count) : count_(count) { ++count_; }
    ~CountedWhile() { --count_; }
    CountedWhile(const CountedWhile&) = delete;
    CountedWhile& operator=(const CountedWhile&) = delete;

  private:
    Count& count_;
};

} // namespace gatehouse
