#include "runtime/supervisor/connector.hpp"

#include "runtime/http_client/http_client.hpp"
#include "runtime/supervisor/lifecycle.hpp"
#include "runtime/supervisor/revision.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

// The instance of nobody has done its work when the lists are read.
constexpr seconds probe_idle_after{10};

std::string own_host_of(const ConnectorSpec& spec) {
    const auto target = spec.transport == Transport::remote
                            ? parse_http_target(spec.remote.url)
                            : Result<HttpTarget>(Error{"GH-C506", "", "", "", ""});
    return target ? target->host : "";
}

} // namespace

Connector::Connector(ConnectorHost& host, ConnectorSpec spec, ConnectorLog* log)
    : host_(host), spec_(std::move(spec)), log_(log), changed_(host.executor),
      revision_(revision_of(spec_)), breakers_(spec_.name.str(), own_host_of(spec_)) {
    SlotOptions options;
    options.idle_after = spec_.instances.idle_after;
    options.keep_warm = spec_.instances.keep_warm;
    options.min = spec_.instances.min;
    if (members_apart()) {
        options.min = 0;
        options.idle_after = std::min<milliseconds>(options.idle_after, probe_idle_after);
        options.member_folder = "+"; // no member's name
    }
    shared_ = std::make_shared<Seat>();
    begin_seat(shared_, std::move(options));
}

Connector::~Connector() = default;

bool Connector::members_apart() const {
    return spec_.instances.scope == InstanceScope::member ||
           spec_.instances.scope == InstanceScope::session;
}

Task<void> Connector::run() {
    ++drivers_running_;
    host_.tasks.spawn("instance of " + spec_.name.str(), drive(shared_));
    while (!shutting_down_ || drivers_running_ > 0) {
        end_unneeded_seats();
        auto change = changed_.wait_for(look());
        co_await std::move(change);
    }
    ended_ = true;
}

bool Connector::stuck() const {
    return shared_->stuck ||
           std::ranges::any_of(seats_, [](const SeatPtr& seat) { return seat->stuck; });
}

void Connector::begin_stopped() {
    off_ = true;
    shared_->slot->begin_stopped();
}

void Connector::inherit(Connector& before) {
    known_ = before.known_;
    inherited_ = before.known_;
    watches_ = std::move(before.watches_);
    before.watches_ = ResourceWatches();
}

Task<void> Connector::drive(SeatPtr seat) {
    auto running = seat->slot->run();
    co_await std::move(running);
    seat->stuck = seat->slot->status().lifecycle == to_text(InstanceState::stuck);
    if (seat != shared_ && !seat->stuck) {
        seat->ending = true;
        add_counters(retired_, seat->slot->status());
        seats_.remove(seat);
    }
    --drivers_running_;
    changed_.notify();
}

void Connector::shut_down() {
    if (std::exchange(shutting_down_, true)) {
        return;
    }
    shared_->slot->shut_down();
    for (const SeatPtr& seat : seats_) {
        end_seat(*seat);
    }
    changed_.notify();
}

void Connector::end_seat(Seat& seat) {
    seat.ending = true;
    seat.slot->shut_down();
}

// What sleeps has nothing to keep; what failed stays for a while, so that its cause can be seen.
void Connector::end_unneeded_seats() {
    for (const SeatPtr& seat : seats_) {
        const bool needed = seat->ending || seat->users > 0 || watches_.any(seat->key);
        const bool old = loop_now() >= seat->last_use + spec_.instances.idle_after;
        if (!needed && (seat->slot->asleep() || (seat->slot->resting() && old))) {
            end_seat(*seat);
        }
    }
}

// In the scopes where the shared slot serves nobody it matters only as long as there is no other.
std::vector<Connector::SeatPtr> Connector::seats_to_act_on() const {
    std::vector<SeatPtr> chosen;
    for (const SeatPtr& seat : seats_) {
        if (!seat->ending) {
            chosen.push_back(seat);
        }
    }
    if (!members_apart() || chosen.empty() || !shared_->slot->resting()) {
        chosen.push_back(shared_);
    }
    return chosen;
}

Task<void> Connector::act_on_one(SeatPtr seat, Verb verb, std::shared_ptr<VerbRun> run) {
    auto acting = (seat->slot.get()->*verb)();
    auto result = co_await std::move(acting);
    if (!result && !run->failure) {
        run->failure = std::move(result).error();
    }
    --run->left;
    changed_.notify();
}

// Returns the first error, after all have been tried. The tasks are the supervisor's, because who
// asked may leave before they have ended.
Task<Result<void>> Connector::act_on(std::vector<SeatPtr> seats, Verb verb) {
    const auto run = std::make_shared<VerbRun>();
    run->left = seats.size();
    for (SeatPtr& seat : seats) {
        host_.tasks.spawn("verb on " + spec_.name.str(), act_on_one(std::move(seat), verb, run));
    }
    while (run->left > 0 && !(shutting_down_ && drivers_running_ == 0)) {
        auto change = changed_.wait_for(seconds(60));
        co_await std::move(change);
    }
    co_return run->failure ? Result<void>(std::move(*run->failure)) : Result<void>();
}

Task<Result<void>> Connector::start() {
    off_ = false;
    auto acting = act_on(seats_to_act_on(), &InstanceSlot::start);
    auto done = co_await std::move(acting);
    co_return done;
}

// An operator restarts what was changed: what was learned of it may not hold any more.
Task<Result<void>> Connector::restart() {
    off_ = false;
    era_.reset();
    auto acting = act_on(seats_to_act_on(), &InstanceSlot::restart);
    auto done = co_await std::move(acting);
    co_return done;
}

Task<Result<void>> Connector::stop() {
    off_ = true;
    for (const SeatPtr& seat : seats_) {
        end_seat(*seat);
    }
    auto stopping = shared_->slot->stop();
    auto stopped = co_await std::move(stopping);
    const auto limit = spec_.timeouts.drain + spec_.timeouts.stop + milliseconds(seconds(30));
    const SteadyTime deadline = loop_now() + limit;
    while (!seats_.empty() && off_ && loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    if (stopped && off_ && !seats_.empty()) {
        co_return Error{"GH-P310", "the connector is not stopped", spec_.name.str(),
                        std::to_string(seats_.size()) + " of its instances still end",
                        "look for its processes with ps and try again"};
    }
    co_return stopped;
}

Task<Result<void>> Connector::wake() {
    auto waking = shared_->slot->catalogue(spec_.timeouts.startup);
    auto woken = co_await std::move(waking);
    co_return woken ? Result<void>() : Result<void>(std::move(woken).error());
}

void Connector::secret_changed() {
    shared_->slot->secret_changed();
    for (const SeatPtr& seat : seats_) {
        if (!seat->ending) {
            seat->slot->secret_changed();
        }
    }
}

Task<Result<std::shared_ptr<const Catalogue>>> Connector::catalogue(milliseconds deadline) {
    if (members_apart() && known_) {
        co_return known_;
    }
    auto reading = shared_->slot->catalogue(deadline);
    auto read = co_await std::move(reading);
    if (read && members_apart()) {
        co_return known_;
    }
    co_return read;
}

} // namespace gatehouse::runtime
