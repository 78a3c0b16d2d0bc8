#include "sandbox/dial_table.hpp"

#include <utility>

namespace gatehouse::sandbox {

bool DialTable::add(std::shared_ptr<PendingDial> dial) {
    if (pending_.size() >= max_unanswered_count) {
        return false;
    }
    // After 2^32 dials a number comes again; one that still waits keeps it.
    do {
        ++last_number_;
    } while (pending_.count(last_number_) != 0);
    dial->number = last_number_;
    pending_.emplace(last_number_, std::move(dial));
    return true;
}

void DialTable::remove(std::uint32_t number) {
    pending_.erase(number);
}

void DialTable::answer(std::uint32_t number, DialAnswer answer) {
    const auto found = pending_.find(number);
    if (found == pending_.end()) {
        return;
    }
    const std::shared_ptr<PendingDial> dial = std::move(found->second);
    pending_.erase(found);
    dial->answer = std::move(answer);
    dial->timer.cancel();
}

void DialTable::close() {
    closed_ = true;
    while (!pending_.empty()) {
        DialAnswer ended;
        ended.error_number = dial_ended_errno;
        answer(pending_.begin()->first, std::move(ended));
    }
}

} // namespace gatehouse::sandbox
