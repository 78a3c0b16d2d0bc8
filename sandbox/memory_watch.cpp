#include "sandbox/memory_watch.hpp"

#include <cstdint>
#include <poll.h>
#include <unistd.h>

namespace gatehouse::sandbox {

std::shared_ptr<MemoryWatch> MemoryWatch::start(Executor executor, UniqueFd event,
                                                bool is_counter) {
    if (!event) {
        return nullptr;
    }
    std::shared_ptr<MemoryWatch> watch(
        new MemoryWatch(std::move(executor), std::move(event), is_counter));
    watch->look(); // a file of the group tells of changes since it was last read
    watch->last_.reset();
    watch->wait();
    return watch;
}

MemoryWatch::MemoryWatch(Executor executor, UniqueFd event, bool is_counter)
    : event_(std::move(executor), event.release()), is_counter_(is_counter) {}

void MemoryWatch::stop() {
    boost::system::error_code ignored;
    event_.close(ignored);
}

void MemoryWatch::wait() {
    const auto kind = is_counter_ ? asio::posix::stream_descriptor::wait_read
                                  : asio::posix::stream_descriptor::wait_error;
    event_.async_wait(kind, [self = shared_from_this()](boost::system::error_code error) {
        if (!error && self->event_.is_open()) {
            self->look();
            self->wait();
        }
    });
}

void MemoryWatch::look() {
    if (!event_.is_open()) {
        return;
    }
    pollfd watched = {event_.native_handle(), static_cast<short>(is_counter_ ? POLLIN : POLLPRI),
                      0};
    if (poll(&watched, 1, 0) == 1) {
        last_ = std::chrono::steady_clock::now();
    }
    std::uint64_t count = 0;
    char text[512];
    const ssize_t size = is_counter_ ? read(event_.native_handle(), &count, sizeof count)
                                     : pread(event_.native_handle(), text, sizeof text, 0);
    (void)size; // only marks the event as seen
}

bool MemoryWatch::had_event_within(std::chrono::milliseconds time) {
    look();
    return last_ && std::chrono::steady_clock::now() - *last_ <= time;
}

} // namespace gatehouse::sandbox
