// StartSlots: at most so many cold starts at a time, first come first served, so that a storm of
// starts does not make every one of them late.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>

namespace gatehouse::runtime {

class StartSlots {
  public:
    using Ticket = std::uint64_t;
    explicit StartSlots(int count) : free_count_(count) {}

    // `on_granted` is called once, at once if a slot is free. Each grant is given back with
    // release().
    Ticket request(std::function<void()> on_granted);
    // Takes a request back that was not granted yet.
    void withdraw(Ticket ticket);
    void release();

  private:
    struct Request {
        Ticket ticket = 0;
        std::function<void()> on_granted;
    };
    int free_count_;
    Ticket last_ticket_ = 0;
    std::deque<Request> requests_; // at most one a connector
};

} // namespace gatehouse::runtime
