// Connector: all instances of one connector. It owns their slots, picks the slot of each call by
// the scope of its manifest, and ends those that nobody needs. Used by the Supervisor. One loop.
#pragma once

#include "runtime/health/health_tracker.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/manifest/connector_spec.hpp"
#include "runtime/supervisor/change_signal.hpp"
#include "runtime/supervisor/connector_breakers.hpp"
#include "runtime/supervisor/connector_detail.hpp"
#include "runtime/supervisor/connector_host.hpp"
#include "runtime/supervisor/resource_watches.hpp"
#include "runtime/supervisor/seat.hpp"

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse::runtime {

class Connector {
  private:
    using SeatPtr = std::shared_ptr<Seat>;

  public:
    // `log` may be null if it could not be opened; the lines then go nowhere.
    Connector(ConnectorHost& host, ConnectorSpec spec, ConnectorLog* log);
    ~Connector();

    // Drives all slots; returns after shut_down() when none runs any more.
    Task<void> run();
    // For the end of the daemon. Idempotent.
    void shut_down();

    // Verbs, on all instances. Each completes when its post-condition holds, or says what remains.
    Task<Result<void>> start();
    Task<Result<void>> stop();
    Task<Result<void>> restart();
    // Starts the instance that serves everybody, unless it is off on purpose.
    Task<Result<void>> wake();
    void secret_changed();
    // A reload read its manifest again and found it as it was.
    void inputs_changed() { shared_->slot->inputs_changed(); }
    // Before run(): it is off on purpose from the beginning.
    void begin_stopped();
    // Before run(): `before` was this connector by an older manifest. Its lists are shown until
    // they are read again, and what its clients watch goes on to be watched.
    void inherit(Connector& before);
    bool ended() const { return ended_; } // run() has returned
    // Processes of it survived their kill.
    bool stuck() const;

    Task<CallReply> call(std::shared_ptr<ConnectorCall> call);
    // Whether such a call goes to an instance that is ready.
    bool serves_now(const ConnectorCall& call) const;
    Task<Result<std::shared_ptr<const Catalogue>>> catalogue(milliseconds deadline);
    Task<void> refresh(ListKind kind, std::shared_ptr<const Caller> caller, milliseconds deadline);
    Task<void> learn_own(std::shared_ptr<const Caller> caller, milliseconds deadline);
    std::shared_ptr<const Catalogue> known_catalogue() const { return known_; }
    std::shared_ptr<const Catalogue> known_catalogue(const Caller& caller) const;
    Task<CallReply> watch_resource(std::shared_ptr<const Caller> caller, std::string uri);
    void unwatch_resource(const Caller& caller, const std::string& uri);
    void session_ended(const std::string& session);
    void roots_changed(const Caller& caller);

    const ConnectorSpec& spec() const { return spec_; }
    ConnectorStatus status() const;
    // Without the crash records.
    ConnectorDetail detail() const;

  private:
    using Verb = Task<Result<void>> (InstanceSlot::*)();
    // One verb on its way to several seats.
    struct VerbRun {
        std::size_t left = 0;
        std::optional<Error> failure;
    };

    // connector.cpp
    Task<void> drive(SeatPtr seat);
    void end_unneeded_seats();
    void end_seat(Seat& seat);
    std::vector<SeatPtr> seats_to_act_on() const;
    Task<Result<void>> act_on(std::vector<SeatPtr> seats, Verb verb);
    Task<void> act_on_one(SeatPtr seat, Verb verb, std::shared_ptr<VerbRun> run);
    bool members_apart() const; // no instance serves everybody

    // connector_seats.cpp
    // Gives a taken seat back at the end of its scope.
    class SeatUse {
      public:
        SeatUse(Connector& connector, SeatPtr seat)
            : connector_(connector), seat_(std::move(seat)) {}
        ~SeatUse() { connector_.leave_seat(*seat_); }
        SeatUse(const SeatUse&) = delete;
        SeatUse& operator=(const SeatUse&) = delete;

      private:
        Connector& connector_;
        SeatPtr seat_;
    };
    SeatWish wish_of(const Caller* caller) const;
    SeatPtr seat_of(SeatKind kind, const Caller& caller) const;
    SeatPtr free_seat(SeatKind kind, const Caller& caller) const;
    SeatPtr add_seat(SeatKind kind, const Caller& caller);
    void begin_seat(const SeatPtr& seat, SlotOptions options);
    Task<Result<SeatPtr>> take_seat(SeatWish wish, std::shared_ptr<const Caller> caller,
                                    std::shared_ptr<ConnectorCall> call, SteadyTime deadline);
    void leave_seat(Seat& seat);
    bool make_room();
    std::optional<Error> refusal() const;
    Task<CallReply> call_own(SeatWish wish, std::shared_ptr<ConnectorCall> call);

    // connector_health.cpp
    const Health& judge(HealthFacts& facts) const;
    milliseconds look();
    void tell_health(HealthWord before, const Evidence& evidence);
    void record(Event event);

    // connector_status.cpp
    const Seat& worst_seat(ConnectorStatus& worst, ConnectorStatus& sum) const;
    void add_spec(ConnectorStatus& row) const;
    void add_health(ConnectorStatus& row, HealthFacts& facts) const;
    static void add_counters(ConnectorStatus& sum, const ConnectorStatus& part);

    // connector_lists.cpp
    void take_catalogue(const Seat& seat);
    void record_catalogue(const Catalogue* before);
    void tell_inherited(const Seat& seat);
    SeatPtr own_seat_with_lists(const Caller& caller) const;
    Task<Result<SeatPtr>> take_seat_for_lists(std::shared_ptr<const Caller> caller,
                                              SteadyTime deadline);

    // connector_watches.cpp
    static std::string_view list_changed_method(ListKind kind);
    InstanceSlot::Events events_of(const SeatPtr& seat);
    void tell_observer(const Seat& seat, std::string_view method, std::string_view params);
    Task<CallReply> ask_to_watch(SeatPtr seat, ResourceWatches::Watch watch,
                                 ResourceWatches::Watcher watcher);
    Task<void> watch_again(SeatPtr seat);
    SeatPtr seat_with_key(const std::string& key) const;
    void end_watch(const ResourceWatches::Watch& watch);

    ConnectorHost& host_;
    const ConnectorSpec spec_;
    ConnectorLog* log_;
    ChangeSignal changed_;
    SeatPtr shared_;
    std::list<SeatPtr> seats_;          // all others, at most spec_.instances.max
    std::deque<std::uint64_t> waiting_; // tickets of the calls that wait for a seat, in order
    std::uint64_t last_ticket_ = 0;
    std::uint64_t last_lease_ = 0;
    std::size_t drivers_running_ = 0;
    bool shutting_down_ = false;
    bool off_ = false;        // stopped on purpose
    bool asks_input_ = false; // it was seen to ask a client for input
    std::optional<Era> era_;  // what a handshake found out
    std::shared_ptr<const Catalogue> known_;
    bool own_start_failed_ = false; // the last one that a list waited for
    ResourceWatches watches_;
    ConnectorStatus retired_; // the counters of seats that are gone
    const std::string revision_;
    ConnectorBreakers breakers_;
    mutable HealthTracker tracker_; // what was shown: looking at it is what moves it on
    HealthWord told_word_ = HealthWord::unknown;
    bool told_once_ = false;
    SteadyTime last_look_;
    std::shared_ptr<const Catalogue> inherited_; // until the first reading of its own
    bool ended_ = false;
};

} // namespace gatehouse::runtime
