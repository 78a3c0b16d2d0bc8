#include "tests/unit/simulation/virtual_time.hpp"

#include <cerrno>
#include <ctime>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace gatehouse::simulation {

namespace {

using std::chrono::nanoseconds;

// Far from zero, so that what subtracts minutes from an early instant stays positive.
constexpr nanoseconds virtual_start = std::chrono::hours(24);
constexpr nanoseconds virtual_epoch = std::chrono::seconds(1'700'000'000);

constexpr int turns_in_one_instant_max = 20'000;

bool virtual_active = false;
bool virtual_spun = false;
int turns_without_time = 0;
nanoseconds virtual_now{0};

nanoseconds kernel_now(clockid_t clock) {
    timespec now = {};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

} // namespace

VirtualTime::VirtualTime() {
    virtual_active = true;
    virtual_now = virtual_start;
    virtual_spun = false;
    turns_without_time = 0;
}

VirtualTime::~VirtualTime() {
    virtual_active = false;
}

std::chrono::milliseconds VirtualTime::passed() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(virtual_now - virtual_start);
}

bool VirtualTime::spun() {
    return virtual_spun;
}

nanoseconds steady_reading() {
    return virtual_active ? virtual_now : kernel_now(CLOCK_MONOTONIC);
}

nanoseconds wall_reading() {
    return virtual_active ? virtual_epoch + virtual_now : kernel_now(CLOCK_REALTIME);
}

bool time_is_virtual() {
    return virtual_active;
}

void move_time(std::chrono::milliseconds step) {
    virtual_now += step;
    turns_without_time = 0;
}

void note_turn() {
    if (++turns_without_time > turns_in_one_instant_max) {
        virtual_spun = true;
        move_time(std::chrono::milliseconds(1));
    }
}

} // namespace gatehouse::simulation

namespace std::chrono {
inline namespace _V2 {

steady_clock::time_point steady_clock::now() noexcept {
    return time_point(gatehouse::simulation::steady_reading());
}

system_clock::time_point system_clock::now() noexcept {
    return time_point(duration_cast<duration>(gatehouse::simulation::wall_reading()));
}

} // namespace _V2
} // namespace std::chrono

extern "C" int epoll_wait(int epoll, epoll_event* events, int max_count, int timeout_ms) {
    using namespace gatehouse::simulation;
    const int wait_ms = time_is_virtual() ? 0 : timeout_ms;
    const auto found = ::syscall(SYS_epoll_pwait, epoll, events, max_count, wait_ms, nullptr, 8);
    if (found == 0 && time_is_virtual() && timeout_ms > 0) {
        move_time(std::chrono::milliseconds(timeout_ms));
    } else if (time_is_virtual()) {
        note_turn();
    }
    return static_cast<int>(found);
}

extern "C" int timerfd_create(int clock, int flags) noexcept {
    if (gatehouse::simulation::time_is_virtual()) {
        errno = EMFILE;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_timerfd_create, clock, flags));
}
