// InstanceSlot: the place where one instance of a connector runs, again and again: one for a shared
// connector, one for each member or session otherwise. ProcessSlot runs a child process, RemoteSlot
// keeps a session with a server elsewhere. Used by Connector alone. One event loop.
#pragma once

#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/connector_directory.hpp"
#include "runtime/supervisor/supervisor.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace gatehouse::runtime {

class InstanceSlot {
  public:
    // What the connector is told by its slots.
    struct Events {
        std::function<void(ListKind kind)> on_list_changed; // after the list was read again
        std::function<void(std::string_view method, std::string_view params)> on_notice;
        std::function<void(std::shared_ptr<InputRequest> request)> on_unsolicited_input;
        std::function<void()> on_input_seen; // it asked a client for input for the first time
        std::function<void(Era era)> on_era; // the handshake found it out
    };

    virtual ~InstanceSlot() = default;

    // The driver; returns after shut_down() when nothing runs any more (or it is stuck).
    virtual Task<void> run() = 0;
    // For the end of the slot: drains, then ends the instance. Idempotent.
    virtual void shut_down() = 0;

    // Verbs. Each completes when its post-condition holds, or says what remains.
    virtual Task<Result<void>> start() = 0;
    virtual Task<Result<void>> stop() = 0;
    virtual Task<Result<void>> restart() = 0;
    virtual void secret_changed() = 0;

    virtual Task<CallReply> call(std::shared_ptr<ConnectorCall> call) = 0;
    virtual Task<Result<std::shared_ptr<const Catalogue>>>
    catalogue(std::chrono::milliseconds deadline) = 0;
    virtual Task<void> refresh(ListKind kind, std::chrono::milliseconds deadline) = 0;
    virtual std::shared_ptr<const Catalogue> known_catalogue() const = 0;
    virtual Task<CallReply> watch_resource(std::string uri) = 0;
    virtual void unwatch_resource(const std::string& uri) = 0;

    virtual ConnectorStatus status() const = 0;
    // Calls waiting or in flight; a slot without any that rests may be taken away.
    virtual std::uint64_t active_calls() const = 0;
    virtual bool resting() const = 0;
};

} // namespace gatehouse::runtime
