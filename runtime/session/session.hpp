// Session: the MCP conversation with one connector, from handshake to the end, whatever the
// transport and the era. Owns the ids used with the connector, so that callers' ids never meet. One
// event loop. StdioSession and HttpSession implement it.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/connector_call.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

struct SessionOptions {
    std::size_t frame_max_bytes = 16ULL
                                  << 20; // a longer message fails the call it belongs to (GH-M402)
    int concurrency = 16;                // calls sent and not yet answered; more are queued
    std::size_t queue_max_count = 4096;  // queued calls; one more is refused with GH-R701
    std::size_t catalogue_items_max_count = 10'000; // of each list

    // The verdict of an earlier probe of this connector, so that it is not probed again.
    std::optional<Era> known_era;
    // What a legacy connector is told in `initialize`: the client's capabilities and name. Modern
    // connectors get each caller's own with each call.
    std::string client_capabilities =
        R"({"sampling":{},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}})";
    std::string client_info; // raw JSON; empty: the gateway's own
    // The instance serves one client session only: whatever the connector says on its own belongs
    // to it. Otherwise only what is provably part of a call is passed on.
    bool single_session = false;
    // The server runs elsewhere: no answer in time tells of it (GH-D204), not of a process here
    // (GH-P306, GH-P307).
    bool elsewhere = false;
    // How long a late answer to a call that was given up is hoped for. Until then an exclusive call
    // waits, and a connector whose question was just refused is not told to stop: it ends the call
    // by itself, and its answer is the proof that it says nothing more about it.
    std::chrono::milliseconds late_answer_patience{3'000};
    // How long the end of a line over the limit is waited for; nothing else can be heard meanwhile.
    std::chrono::milliseconds unended_line_patience{10'000};
};

struct SessionCounters {
    std::uint64_t calls = 0;
    std::uint64_t stray_lines = 0; // stdout that is no JSON-RPC message (GH-M401)
    std::uint64_t unknown_ids = 0; // answers to nothing asked, late or duplicate: dropped
    std::uint64_t in_flight = 0;
    std::uint64_t queued = 0;
    std::uint64_t unattributed = 0; // connector's requests and logs that could be anyone's
    std::uint64_t received = 0;     // pieces of output of the connector, whatever they say
};

// One call that an instance has: what the crash record and the log show of it.
struct CallInFlight {
    CallId id;
    std::string method;
    std::string target; // name of the tool or prompt, or URI; empty if it has none
    SteadyTime submitted;
    bool was_sent = false; // something of it may have reached the connector
};

// As CallInFlight::target; reads the params.
std::string target_of_call(const ConnectorCall& call);

class Session {
  public:
    struct Events {
        // Each stray stdout line (bounded to 16 KiB); stdio only.
        std::function<void(std::string_view line)> on_stray;
        // Params of each notifications/message, attributed or not: for the connector's log.
        std::function<void(std::string_view params)> on_log;
        // A list changed and must be read again.
        std::function<void(ListKind kind)> on_list_changed;
        // Any other notification outside of a call: resources/updated, tasks/status, …; also
        // notifications/message of a single_session.
        std::function<void(std::string_view method, std::string_view params)> on_notice;
        // A request of the connector that belongs to no call, in a single_session.
        std::function<void(std::shared_ptr<InputRequest> request)> on_unsolicited_input;
        // The first time the connector asks for input, attributable or not.
        std::function<void()> on_input_seen;
    };

    virtual ~Session() = default;

    // Reads and dispatches until the connector closes its side or stop() is called, or nothing can
    // come through any more (GH-M402); every call still in flight then ends as never_sent or
    // may_have_run. Returns why it ended. Await it from a TaskGroup.
    virtual Task<Error> run() = 0;
    // Finds the era (server/discover, then initialize), reads every list the connector's
    // capabilities offer, all pages. Error GH-P306 past the deadline, GH-M403/404 for a wrong
    // answer, GH-P312 if the connector ended because of the probe: start it again with known_era.
    virtual Task<Result<Catalogue>> handshake(std::chrono::milliseconds deadline) = 0;
    // All lists again, or one of them (the others as they were).
    virtual Task<Result<Catalogue>> refresh_catalogue(std::chrono::milliseconds deadline) = 0;
    virtual Task<Result<Catalogue>> refresh_list(ListKind kind,
                                                 std::chrono::milliseconds deadline) = 0;

    // One call, from queue to answer. Never throws; a cancelled or timed out call frees its slot
    // and the connector is told.
    virtual Task<CallReply> call(std::shared_ptr<ConnectorCall> call) = 0;
    // resources/subscribe and /unsubscribe, or subscriptions/listen, by era. Not counted: the
    // caller does.
    virtual Task<CallReply> watch_resource(std::string uri, std::chrono::milliseconds deadline) = 0;
    virtual void unwatch_resource(const std::string& uri) = 0;
    // The client's roots changed: notifications/roots/list_changed, where the era has it.
    virtual void tell_roots_changed() = 0;
    // ping, or server/discover in the modern era; true if answered in time.
    virtual Task<bool> ping(std::chrono::milliseconds deadline) = 0;

    // Begins a polite end: closes the connector's stdin after what is queued for it was written;
    // over HTTP, ends the connector's session.
    virtual void close_stdin() = 0;
    // Ends run(); idempotent.
    virtual void stop() = 0;
    virtual const SessionCounters& counters() const = 0;
    // The callers' calls that are queued or in flight, at most `max`. Costs the calls nothing.
    virtual std::vector<CallInFlight> calls_in_flight(std::size_t max) const {
        (void)max;
        return {};
    }
    // The ids of those that are in flight: cheap enough for every line of a log.
    virtual std::vector<CallId> call_ids(std::size_t max) const {
        (void)max;
        return {};
    }
};

} // namespace gatehouse::runtime
