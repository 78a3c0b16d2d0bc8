#include "runtime/supervisor/start_slots.hpp"

#include <utility>

namespace gatehouse::runtime {

StartSlots::Ticket StartSlots::request(std::function<void()> on_granted) {
    const Ticket ticket = ++last_ticket_;
    if (free_count_ > 0) {
        --free_count_;
        on_granted();
    } else {
        requests_.push_back(Request{ticket, std::move(on_granted)});
    }
    return ticket;
}

void StartSlots::withdraw(Ticket ticket) {
    std::erase_if(requests_, [&](const Request& request) { return request.ticket == ticket; });
}

void StartSlots::release() {
    if (requests_.empty()) {
        ++free_count_;
        return;
    }
    const Request next = std::move(requests_.front());
    requests_.pop_front();
    next.on_granted();
}

} // namespace gatehouse::runtime
