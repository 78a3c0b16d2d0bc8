// Virtual time for the whole test program: while a VirtualTime lives, std::chrono's clocks read it,
// and a loop of Asio that has nothing to do but wait for its next timer does not wait: time moves
// there instead. So the real coroutines of the product (slots, sessions, signals, timers) run
// unchanged through hours in milliseconds, and the same way each time.
//
// It works by defining, in this program, four functions that would otherwise come from shared
// libraries: the two clocks' now(), epoll_wait and timerfd_create (Asio then keeps its timers by
// itself). Outside of a VirtualTime they do what they always do. One thread.
#pragma once

#include <chrono>

namespace gatehouse::simulation {

class VirtualTime {
  public:
    VirtualTime();
    ~VirtualTime();
    VirtualTime(const VirtualTime&) = delete;
    VirtualTime& operator=(const VirtualTime&) = delete;

    // Since this object was made.
    static std::chrono::milliseconds passed();
    // Whether a loop ran tens of thousands of turns in one instant: coroutines that only wake each
    // other. Time is then pushed on, so that the world comes to an end.
    static bool spun();
};

} // namespace gatehouse::simulation
