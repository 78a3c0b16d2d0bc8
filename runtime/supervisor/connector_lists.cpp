// Which instance's lists are shown to whom.
#include "runtime/base/log.hpp"
#include "runtime/supervisor/connector.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gatehouse::runtime {

namespace {

// What a list waits for an own instance while the last start for one did not end well.
constexpr milliseconds own_start_short_wait{1000};

// A member's resources are no other's business.
std::shared_ptr<const Catalogue> without_resources(const Catalogue& catalogue,
                                                   std::vector<CatalogueItem> templates) {
    auto made = std::make_shared<Catalogue>(catalogue);
    made->resources.clear();
    made->resource_templates = std::move(templates);
    return made;
}

constexpr std::array<ListKind, 4> all_list_kinds = {
    ListKind::tools, ListKind::prompts, ListKind::resources, ListKind::resource_templates};

bool same_items(const std::vector<CatalogueItem>& a, const std::vector<CatalogueItem>& b) {
    return std::ranges::equal(a, b, [](const CatalogueItem& one, const CatalogueItem& other) {
        return one.name == other.name && one.definition == other.definition;
    });
}

bool is_own(const Seat& seat, const Caller& caller) {
    // A stateless client sees what any of its principal's stateless calls may be served by.
    return seat.owner.principal == caller.principal &&
           (seat.kind == SeatKind::member || seat.owner.session == caller.session);
}

} // namespace

// The shared instance speaks for the connector. Where it serves nobody, the one that was read last
// does, but what is a resource everybody learns from the shared one alone: it has no member's data.
void Connector::take_catalogue(const Seat& seat) {
    const auto catalogue = seat.slot->known_catalogue();
    const auto before = known_;
    const bool shared = seat.kind == SeatKind::shared;
    if (shared && !members_apart()) {
        known_ = catalogue;
    } else if (shared) {
        known_ = without_resources(*catalogue, catalogue->resource_templates);
    } else if (members_apart() || !known_) {
        known_ = without_resources(*catalogue, known_ ? known_->resource_templates
                                                      : std::vector<CatalogueItem>());
    }
    if (known_ != before) {
        record_catalogue(before.get());
    }
}

void Connector::record_catalogue(const Catalogue* before) {
    std::string text;
    for (const ListKind kind : all_list_kinds) {
        const auto& now = known_->list(kind);
        if (before == nullptr ? !now.empty() : !same_items(before->list(kind), now)) {
            text += (text.empty() ? "" : ", ") + std::to_string(now.size()) + " " +
                    std::string(list_member(kind));
        }
    }
    if (before != nullptr && text.empty()) {
        return;
    }
    Event event;
    event.kind = EventKind::catalogue;
    event.text = text.empty() ? "it offers nothing" : text;
    record(std::move(event));
}

// Clients saw the lists of the connector's older manifest until now.
void Connector::tell_inherited(const Seat& seat) {
    const auto before = std::exchange(inherited_, nullptr);
    if (!before || !known_) {
        return;
    }
    for (const ListKind kind : all_list_kinds) {
        if (!same_items(before->list(kind), known_->list(kind))) {
            tell_observer(seat, list_changed_method(kind), {});
        }
    }
}

// The one that was used last, of those whose lists are known.
Connector::SeatPtr Connector::own_seat_with_lists(const Caller& caller) const {
    SeatPtr own;
    for (const SeatPtr& seat : seats_) {
        const bool better = !own || seat->last_use > own->last_use;
        if (is_own(*seat, caller) && better && seat->slot->known_catalogue()) {
            own = seat;
        }
    }
    return own;
}

std::shared_ptr<const Catalogue> Connector::known_catalogue(const Caller& caller) const {
    const SeatPtr own = own_seat_with_lists(caller);
    return own ? own->slot->known_catalogue() : known_;
}

// Of several lists that are asked for at once, all wait for one instance, also where each call
// would lease one of its own.
Task<Result<Connector::SeatPtr>>
Connector::take_seat_for_lists(std::shared_ptr<const Caller> caller, SteadyTime deadline) {
    const auto usable = [&](const SeatPtr& seat) {
        return is_own(*seat, *caller) && !seat->ending;
    };
    const auto found = std::find_if(seats_.begin(), seats_.end(), usable);
    if (found != seats_.end()) {
        ++(*found)->users;
        co_return *found;
    }
    const SeatWish wish = wish_of(caller.get());
    auto taking = take_seat(wish, std::move(caller), nullptr, deadline);
    auto taken = co_await std::move(taking);
    co_return taken;
}

Task<void> Connector::learn_own(std::shared_ptr<const Caller> caller, milliseconds deadline) {
    if (!members_apart() || own_seat_with_lists(*caller)) {
        co_return;
    }
    const auto usual = own_start_failed_ ? own_start_short_wait : spec_.timeouts.startup;
    const SteadyTime until = loop_now() + std::min(deadline, usual);
    auto taking = take_seat_for_lists(std::move(caller), until);
    auto seat = co_await std::move(taking);
    std::optional<Error> failure;
    if (seat) {
        const SeatUse use(*this, *seat);
        auto reading = (*seat)->slot->catalogue(left_until(until));
        auto read = co_await std::move(reading);
        failure = read ? std::nullopt : std::optional(std::move(read).error());
    } else {
        failure = std::move(seat).error();
    }
    if (failure && !own_start_failed_) {
        log_warn("connector " + spec_.name.str() +
                 ": a member's resources are not shown yet: " + to_text(*failure));
    }
    own_start_failed_ = failure.has_value();
}

Task<void> Connector::refresh(ListKind kind, std::shared_ptr<const Caller> caller,
                              milliseconds deadline) {
    SeatPtr chosen = members_apart() ? nullptr : shared_;
    for (const SeatPtr& seat : seats_) {
        const bool its = caller && !seat->ending && is_own(*seat, *caller);
        if (its && (!chosen || chosen == shared_ || seat->last_use > chosen->last_use)) {
            chosen = seat;
        }
    }
    if (chosen) {
        auto reading = chosen->slot->refresh(kind, deadline);
        co_await std::move(reading);
    }
}

} // namespace gatehouse::runtime
