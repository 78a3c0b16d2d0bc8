// InstanceSlot: the place where one instance of a connector runs, again and again: one for a shared
// connector, one for each member or session otherwise. ProcessSlot runs a child process, RemoteSlot
// keeps a session with a server elsewhere. Used by Connector alone. One event loop.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/connector_directory.hpp"
#include "runtime/health/health_facts.hpp"
#include "runtime/health/result_failure.hpp"
#include "runtime/supervisor/connector_status.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace gatehouse::runtime {

// What one slot is for.
struct SlotOptions {
    // Whose files it sees: the folder below state/<connector>/members, and the name of its uid;
    // empty: the shared instance's.
    std::string member_folder;
    int min = 0; // 1: started with the daemon, never sleeps
    std::chrono::milliseconds idle_after{0};
    std::chrono::milliseconds keep_warm{0}; // as InstanceSpec::keep_warm
    std::string revision;                   // of the connector, for the events; may be empty
    // What a legacy connector is told of its client; empty: the session's default.
    std::string client_capabilities;
    std::string client_info;
    bool single_session = false;
};

// A call that is answered at once instead of being tried.
struct HeldBack {
    Error why;
    std::chrono::milliseconds retry_after{0};
};

// The end of a call, seen from what is behind the connector.
struct CallOutcomeSeen {
    const ConnectorCall& call;
    const CallReply& reply;
    const std::optional<ResultFailure>& told; // what the result itself says of a failure
    std::optional<std::chrono::steady_clock::time_point> sent; // when it was let out, if known
};

class InstanceSlot {
  public:
    // What the slot tells its connector, and asks it. All are set.
    struct Events {
        std::function<void()> on_changed;                   // its state, or whether calls wait
        std::function<void()> on_ready;                     // a new instance takes calls
        std::function<void()> on_catalogue;                 // known_catalogue() was replaced
        std::function<void(ListKind kind)> on_list_changed; // after the list was read again
        std::function<void(std::string_view method, std::string_view params)> on_notice;
        std::function<void(std::shared_ptr<InputRequest> request)> on_unsolicited_input;
        std::function<void()> on_input_seen; // it asked a client for input for the first time
        // The handshake found it out; nothing: what was remembered did not hold.
        std::function<void(std::optional<Era> era)> on_era;
        std::function<std::optional<Era>()> known_era;
        std::function<bool()> watched; // someone waits for its notices: it may not fall asleep
        // Why the call may not go out now, because what is behind the connector is away; nothing:
        // it may.
        std::function<std::optional<HeldBack>(const ConnectorCall&)> held_back;
        // How a call that was let out ended.
        std::function<void(const CallOutcomeSeen&)> on_outcome;
    };

    virtual ~InstanceSlot() = default;

    // The driver; returns after shut_down() when nothing runs any more (or it is stuck).
    virtual Task<void> run() = 0;
    // For the end of the slot: drains, then ends the instance. Idempotent.
    virtual void shut_down() = 0;
    // Before run(): off on purpose from the beginning.
    virtual void begin_stopped() = 0;

    // Verbs. Each completes when its post-condition holds, or says what remains.
    virtual Task<Result<void>> start() = 0;
    virtual Task<Result<void>> stop() = 0;
    virtual Task<Result<void>> restart() = 0;
    virtual void secret_changed() = 0;
    // Files that it is started from may have changed: one that could not start may try again.
    virtual void inputs_changed() = 0;

    virtual Task<CallReply> call(std::shared_ptr<ConnectorCall> call) = 0;
    virtual Task<Result<std::shared_ptr<const Catalogue>>>
    catalogue(std::chrono::milliseconds deadline) = 0;
    virtual Task<void> refresh(ListKind kind, std::chrono::milliseconds deadline) = 0;
    virtual std::shared_ptr<const Catalogue> known_catalogue() const = 0;
    // Starts it if needed and asks it to tell of changes of the resource.
    virtual Task<CallReply> watch_resource(std::string uri) = 0;
    // As above for an instance that runs; what comes of it is logged.
    virtual void unwatch_resource(const std::string& uri) = 0;
    // Tells an instance that runs that its client's roots changed.
    virtual void roots_changed() = 0;

    virtual ConnectorStatus status() const = 0;
    virtual HealthFacts facts() const = 0;
    // Calls waiting or in flight; a slot without any that rests may be taken away.
    virtual std::uint64_t active_calls() const = 0;
    virtual bool serves_now() const = 0; // a call would not wait
    virtual bool resting() const = 0;    // nothing runs and nothing will until someone asks
    virtual bool asleep() const = 0;     // resting, and nothing is wrong
};

} // namespace gatehouse::runtime
