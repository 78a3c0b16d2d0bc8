// Which instance serves a call: the scopes, the leases, and the bound on their number.
#include "runtime/supervisor/connector.hpp"
#include "runtime/supervisor/member_folder.hpp"
#include "runtime/supervisor/process_slot.hpp"
#include "runtime/supervisor/remote_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t waiting_for_seat_max_count = 256;

std::string seat_key(SeatKind kind, const Caller& caller, std::uint64_t lease) {
    switch (kind) {
    case SeatKind::shared:
        return "";
    case SeatKind::member:
        return "member " + caller.principal.str();
    case SeatKind::session:
        return "session " + caller.session + " " + caller.principal.str();
    case SeatKind::lease:
        break;
    }
    return "lease " + std::to_string(lease);
}

Error no_seat_error(const ConnectorSpec& spec, std::string why) {
    return Error{"GH-R707", "all instances of the connector are in use", spec.name.str(),
                 std::move(why), "try again later, or raise run.instances.max in its manifest"};
}

CallReply not_served(Error failure, CallEnd end) {
    CallReply reply;
    reply.end = end;
    reply.failure = std::move(failure);
    return reply;
}

// Takes the ticket out of the queue, however the waiting ends.
class PlaceInQueue {
  public:
    PlaceInQueue(std::deque<std::uint64_t>& queue, std::uint64_t ticket)
        : queue_(queue), ticket_(ticket) {
        queue_.push_back(ticket_);
    }
    ~PlaceInQueue() { std::erase(queue_, ticket_); }
    PlaceInQueue(const PlaceInQueue&) = delete;
    PlaceInQueue& operator=(const PlaceInQueue&) = delete;
    bool first() const { return queue_.front() == ticket_; }

  private:
    std::deque<std::uint64_t>& queue_;
    const std::uint64_t ticket_;
};

} // namespace

// A connector that asks its client for input cannot say for which call: its call must be the only
// one in flight on the instance, or all calls there must be of one client session.
SeatWish Connector::wish_of(const Caller* caller) const {
    if (caller == nullptr) {
        return {};
    }
    const bool may_be_asked = asks_input_ && caller->answers_input;
    const SeatKind own = caller->session.empty() ? SeatKind::lease : SeatKind::session;
    switch (spec_.instances.scope) {
    case InstanceScope::shared:
        return {SeatKind::shared, may_be_asked};
    case InstanceScope::member:
        return {SeatKind::member, may_be_asked};
    case InstanceScope::session:
        return {own, own == SeatKind::lease};
    case InstanceScope::automatic:
        break;
    }
    return may_be_asked ? SeatWish{own, own == SeatKind::lease} : SeatWish{};
}

// The seat that serves this caller, also if it is ending.
Connector::SeatPtr Connector::seat_of(SeatKind kind, const Caller& caller) const {
    if (kind == SeatKind::shared) {
        return shared_;
    }
    const auto serves = [&](const SeatPtr& seat) {
        const bool its = seat->kind == kind && seat->owner.principal == caller.principal;
        return its && (kind != SeatKind::session || seat->owner.session == caller.session);
    };
    const auto found = std::find_if(seats_.begin(), seats_.end(), serves);
    return found == seats_.end() ? nullptr : *found;
}

// A seat that can take a call of this caller now.
Connector::SeatPtr Connector::free_seat(SeatKind kind, const Caller& caller) const {
    if (kind != SeatKind::lease) {
        SeatPtr seat = seat_of(kind, caller);
        return seat && !seat->ending ? seat : nullptr;
    }
    for (const SeatPtr& seat : seats_) {
        const bool same = seat->kind == kind && seat->owner.principal == caller.principal &&
                          seat->capabilities == caller.capabilities;
        if (same && !seat->ending && seat->users == 0) {
            return seat;
        }
    }
    return nullptr;
}

void Connector::begin_seat(const SeatPtr& seat, SlotOptions options) {
    options.revision = revision_;
    SlotInputs inputs{host_, spec_, log_, std::move(options), events_of(seat)};
    if (spec_.transport == Transport::remote) {
        seat->slot = std::make_shared<RemoteSlot>(std::move(inputs));
    } else {
        seat->slot = std::make_shared<ProcessSlot>(std::move(inputs));
    }
    seat->last_use = loop_now();
}

Connector::SeatPtr Connector::add_seat(SeatKind kind, const Caller& caller) {
    auto seat = std::make_shared<Seat>();
    seat->kind = kind;
    seat->key = seat_key(kind, caller, kind == SeatKind::lease ? ++last_lease_ : 0);
    seat->owner.principal = caller.principal;
    SlotOptions options;
    options.idle_after = spec_.instances.idle_after;
    options.member_folder = member_folder_of(caller.principal);
    if (kind == SeatKind::session || kind == SeatKind::lease) {
        options.client_capabilities = caller.capabilities;
        options.client_info = caller.client_info;
    }
    if (kind == SeatKind::session) {
        seat->owner.session = caller.session;
        options.single_session = true;
    } else if (kind == SeatKind::lease) {
        seat->capabilities = caller.capabilities;
    }
    begin_seat(seat, std::move(options));
    seats_.push_back(seat);
    ++drivers_running_;
    host_.tasks.spawn("instance of " + spec_.name.str(), drive(seat));
    return seat;
}

// Ends the seat that was not used for the longest time, those that someone watches last; unless
// enough are ending for all that wait. Whether there is room now.
bool Connector::make_room() {
    if (seats_.size() < static_cast<std::size_t>(spec_.instances.max)) {
        return true;
    }
    std::size_t ending = 0;
    Seat* oldest = nullptr;
    bool oldest_watched = false;
    for (const SeatPtr& seat : seats_) {
        ending += seat->ending ? 1 : 0;
        if (seat->ending || seat->users > 0) {
            continue;
        }
        const bool watched = watches_.any(seat->key);
        const bool better = oldest == nullptr || (oldest_watched && !watched) ||
                            (oldest_watched == watched && seat->last_use < oldest->last_use);
        if (better) {
            oldest = seat.get();
            oldest_watched = watched;
        }
    }
    if (oldest != nullptr && ending < waiting_.size()) {
        end_seat(*oldest);
    }
    return false;
}

std::optional<Error> Connector::refusal() const {
    if (shutting_down_) {
        return Error{"GH-P311", "the connector is being ended", spec_.name.str(),
                     "the gateway stops, or its manifest changed", "try again later"};
    }
    if (off_) {
        return Error{"GH-P311", "the connector is stopped on purpose", spec_.name.str(), "",
                     "run `gatehouse start " + spec_.name.str() + "`"};
    }
    return std::nullopt;
}

// Every seat that is handed out is given back with leave_seat().
Task<Result<Connector::SeatPtr>> Connector::take_seat(SeatWish wish,
                                                      std::shared_ptr<const Caller> caller,
                                                      std::shared_ptr<ConnectorCall> call,
                                                      SteadyTime deadline) {
    if (waiting_.size() >= waiting_for_seat_max_count) {
        co_return no_seat_error(spec_, "too many calls wait for one");
    }
    const PlaceInQueue place(waiting_, ++last_ticket_);
    for (;;) {
        if (call && call->cancelled()) {
            co_return Error{"GH-R704", "the call was cancelled before it was sent",
                            spec_.name.str(), "", ""};
        }
        if (auto why = refusal()) {
            co_return std::move(*why);
        }
        SeatPtr seat = free_seat(wish.kind, *caller);
        // A second instance of the same owner would meet the files of one that still ends.
        const bool still_ends = wish.kind != SeatKind::lease && seat_of(wish.kind, *caller);
        if (!seat && !still_ends && place.first() && make_room()) {
            seat = add_seat(wish.kind, *caller);
        }
        if (seat) {
            ++seat->users;
            changed_.notify(); // the next in the queue is the first now
            co_return seat;
        }
        const milliseconds left = left_until(deadline);
        if (left <= milliseconds(0)) {
            co_return no_seat_error(spec_, "none of " + std::to_string(spec_.instances.max) +
                                               " became free in time");
        }
        auto change = changed_.wait_for(std::min<milliseconds>(left, std::chrono::seconds(5)));
        co_await std::move(change);
    }
}

void Connector::leave_seat(Seat& seat) {
    --seat.users;
    seat.last_use = loop_now();
    if (!waiting_.empty() || seat.slot->resting()) {
        changed_.notify();
    }
}

Task<CallReply> Connector::call(std::shared_ptr<ConnectorCall> call) {
    const SeatWish wish = wish_of(call->caller.get());
    if (wish.is_shared()) {
        call->exclusive = wish.exclusive;
        return shared_->slot->call(std::move(call));
    }
    return call_own(wish, std::move(call));
}

bool Connector::serves_now(const ConnectorCall& call) const {
    return wish_of(call.caller.get()).is_shared() && shared_->slot->serves_now();
}

Task<CallReply> Connector::call_own(SeatWish wish, std::shared_ptr<ConnectorCall> call) {
    call->set_cancel_handler([this] { changed_.notify(); });
    auto taking = take_seat(wish, call->caller, call, loop_now() + call->deadline);
    auto seat = co_await std::move(taking);
    call->set_cancel_handler(nullptr);
    if (!seat) {
        const auto end = call->cancelled() ? CallEnd::cancelled : CallEnd::never_sent;
        co_return not_served(std::move(seat).error(), end);
    }
    const SeatUse use(*this, *seat);
    call->exclusive = wish.exclusive;
    auto calling = (*seat)->slot->call(std::move(call));
    CallReply reply = co_await std::move(calling);
    co_return reply;
}

} // namespace gatehouse::runtime
