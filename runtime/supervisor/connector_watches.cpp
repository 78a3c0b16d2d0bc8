// What instances say on their own, and what they are asked to tell of.
#include "runtime/base/log.hpp"
#include "runtime/supervisor/connector.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::size_t resource_watches_max_count = 10'000; // of one connector

ResourceWatches::Watcher watcher_of(const Caller& caller) {
    return {caller.session, caller.principal};
}

CallReply agreed_before(Era era) {
    CallReply reply;
    reply.end = CallEnd::result;
    reply.era = era;
    reply.frame = "{}";
    reply.body_length = reply.frame.size();
    return reply;
}

bool agreed(const CallReply& reply) {
    return reply.end == CallEnd::result;
}

} // namespace

std::string_view Connector::list_changed_method(ListKind kind) {
    switch (kind) {
    case ListKind::tools:
        return "notifications/tools/list_changed";
    case ListKind::prompts:
        return "notifications/prompts/list_changed";
    default:
        return "notifications/resources/list_changed";
    }
}

// The slot may outlive its seat for the moment of its end, so the events hold the seat weakly.
InstanceSlot::Events Connector::events_of(const SeatPtr& seat) {
    const std::weak_ptr<Seat> weak = seat;
    InstanceSlot::Events events;
    events.on_changed = [this] { changed_.notify(); };
    events.on_ready = [this, weak] {
        if (const auto seat_ready = weak.lock()) {
            tell_inherited(*seat_ready);
        }
        if (const auto ready = weak.lock(); ready && watches_.any(ready->key)) {
            host_.tasks.spawn("watches of " + spec_.name.str(), watch_again(ready));
        }
    };
    events.on_catalogue = [this, weak] {
        if (const auto read = weak.lock()) {
            take_catalogue(*read);
        }
    };
    events.on_list_changed = [this, weak](ListKind kind) {
        if (const auto from = weak.lock()) {
            tell_observer(*from, list_changed_method(kind), {});
        }
    };
    events.on_notice = [this, weak](std::string_view method, std::string_view params) {
        if (const auto from = weak.lock()) {
            tell_observer(*from, method, params);
        }
    };
    events.on_unsolicited_input = [this, weak](std::shared_ptr<InputRequest> request) {
        const auto from = weak.lock();
        if (from && host_.observer != nullptr) {
            host_.observer->on_unsolicited_input(spec_.name, from->owner, std::move(request));
        } else {
            request->refuse(R"({"code":-32601,"message":"nobody is there to answer"})");
        }
    };
    events.on_input_seen = [this] {
        if (!std::exchange(asks_input_, true)) {
            log_info("connector " + spec_.name.str() + ": asks its clients for input");
        }
    };
    events.on_era = [this](std::optional<Era> era) { era_ = era; };
    events.known_era = [this] { return era_; };
    events.watched = [this, weak] {
        const auto watched = weak.lock();
        return watched && watches_.any(watched->key);
    };
    events.held_back = [this](const ConnectorCall& call) {
        return breakers_.held_back(call, host_.clock.steady_now());
    };
    events.on_outcome = [this](const CallOutcomeSeen& seen) {
        breakers_.on_outcome(seen, host_.clock.steady_now());
    };
    return events;
}

void Connector::tell_observer(const Seat& seat, std::string_view method, std::string_view params) {
    // A log message that could be anyone's is no one's.
    const bool log_of_several = seat.owner.session.empty() && method == "notifications/message";
    if (host_.observer != nullptr && !log_of_several) {
        host_.observer->on_notice(ConnectorNotice{spec_.name, seat.owner, method, params});
    }
}

Task<CallReply> Connector::watch_resource(std::shared_ptr<const Caller> caller, std::string uri) {
    if (watches_.size() >= resource_watches_max_count) {
        CallReply reply;
        reply.failure = Error{"GH-R701", "too many resources of the connector are watched",
                              spec_.name.str(), "", "end other subscriptions first"};
        co_return reply;
    }
    SeatWish wish = wish_of(caller.get());
    wish.exclusive = false;
    if (wish.kind == SeatKind::lease) {
        // A lease lasts for one call; a watch stays.
        wish.kind = members_apart() ? SeatKind::member : SeatKind::shared;
    }
    SeatPtr seat = shared_;
    std::optional<SeatUse> use;
    if (!wish.is_shared()) {
        auto taking = take_seat(wish, caller, nullptr, loop_now() + spec_.timeouts.call);
        auto taken = co_await std::move(taking);
        if (!taken) {
            CallReply reply;
            reply.failure = std::move(taken).error();
            co_return reply;
        }
        seat = *taken;
        use.emplace(*this, seat);
    }
    const auto watcher = watcher_of(*caller);
    auto watch = watches_.add(watcher, seat->key, uri);
    if (watches_.accepted(watch)) {
        co_return agreed_before(era_.value_or(Era::legacy));
    }
    auto asking = ask_to_watch(std::move(seat), std::move(watch), watcher);
    auto reply = co_await std::move(asking);
    co_return reply;
}

Task<CallReply> Connector::ask_to_watch(SeatPtr seat, ResourceWatches::Watch watch,
                                        ResourceWatches::Watcher watcher) {
    auto asking = seat->slot->watch_resource(watch.uri);
    auto reply = co_await std::move(asking);
    if (agreed(reply)) {
        watches_.set_accepted(watch);
    } else {
        watches_.remove(watcher, watch.uri);
    }
    co_return reply;
}

// A new instance knows nothing of what the one before it was asked.
Task<void> Connector::watch_again(SeatPtr seat) {
    for (const std::string& uri : watches_.accepted_uris(seat->key)) {
        auto asking = seat->slot->watch_resource(uri);
        const auto reply = co_await std::move(asking);
        if (!agreed(reply)) {
            log_warn("connector " + spec_.name.str() + ": the new instance does not watch " +
                     uri.substr(0, 200));
        }
    }
}

Connector::SeatPtr Connector::seat_with_key(const std::string& key) const {
    if (key == shared_->key) {
        return shared_;
    }
    for (const SeatPtr& seat : seats_) {
        if (seat->key == key) {
            return seat;
        }
    }
    return nullptr;
}

void Connector::end_watch(const ResourceWatches::Watch& watch) {
    if (const SeatPtr seat = seat_with_key(watch.seat)) {
        seat->slot->unwatch_resource(watch.uri);
    }
    changed_.notify();
}

void Connector::unwatch_resource(const Caller& caller, const std::string& uri) {
    if (const auto ended = watches_.remove(watcher_of(caller), uri)) {
        end_watch(*ended);
    }
}

// Only an instance of this session alone is told. One that serves several would ask whoever happens
// to call just then for roots, or nobody: it asks in the calls whose roots it needs.
void Connector::roots_changed(const Caller& caller) {
    const SeatPtr seat = caller.session.empty() ? nullptr : seat_of(SeatKind::session, caller);
    if (seat && !seat->ending) {
        seat->slot->roots_changed();
    }
}

void Connector::session_ended(const std::string& session) {
    for (const auto& watch : watches_.remove_session(session)) {
        end_watch(watch);
    }
    for (const SeatPtr& seat : seats_) {
        if (seat->kind == SeatKind::session && seat->owner.session == session && !seat->ending) {
            end_seat(*seat);
        }
    }
}

} // namespace gatehouse::runtime
