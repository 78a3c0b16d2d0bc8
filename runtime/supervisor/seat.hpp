// Seat: one slot of a connector, and whom it serves. Plain data of the connector.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/supervisor/instance_slot.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace gatehouse::runtime {

enum class SeatKind {
    shared,  // everybody; in the scopes member and session nobody, only to read the lists
    member,  // one principal
    session, // one client session
    lease,   // one call at a time of a stateless client, always of the same principal
};

// Which seat a call is to have.
struct SeatWish {
    SeatKind kind = SeatKind::shared;
    bool exclusive = false; // nothing else may be in flight on its instance

    bool is_shared() const { return kind == SeatKind::shared; }
};

struct Seat {
    SeatKind kind = SeatKind::shared;
    std::string key; // empty for the shared one; unique in the connector
    InstanceOwner owner;
    std::string capabilities; // of a lease's clients: another client's call gets another seat
    std::shared_ptr<InstanceSlot> slot;
    SteadyTime last_use;
    std::uint64_t users = 0; // calls that have it, at most one for a lease; and waiting lists
    bool ending = false;     // takes no more calls
    bool stuck = false;      // its processes survived the kill: its place is never free again
};

} // namespace gatehouse::runtime
