// Session: the MCP conversation with one connector instance over its stdio pipes, from handshake to
// the end. Owns the ids used with the connector, so that callers' ids never meet. One event loop.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/base/unique_fd.hpp"
#include "runtime/connector_directory.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

struct SessionOptions {
    std::size_t frame_max_bytes = 16ULL
                                  << 20; // a longer line fails the call it belongs to (GH-M402)
    int concurrency = 16;                // calls sent and not yet answered; more are queued
    std::size_t queue_max_count = 4096;  // queued calls; one more is refused with GH-R701
    std::size_t catalogue_tools_max_count = 10'000;
};

struct SessionCounters {
    std::uint64_t calls = 0;
    std::uint64_t stray_lines = 0; // stdout that is no JSON-RPC message (GH-M401)
    std::uint64_t unknown_ids = 0; // answers to nothing asked, late or duplicate: dropped
    std::uint64_t in_flight = 0;
    std::uint64_t queued = 0;
};

class Session {
  public:
    // on_stray: called with each stray stdout line (bounded to 16 KiB). on_log: params of each
    // notifications/message. on_list_changed: the tool list must be read again.
    struct Events {
        std::function<void(std::string_view line)> on_stray;
        std::function<void(std::string_view params)> on_log;
        std::function<void()> on_list_changed;
    };

    Session(Executor executor, UniqueFd connector_stdin, UniqueFd connector_stdout,
            SessionOptions options, Events events);
    ~Session();

    // Reads and dispatches until the connector closes stdout or stop() is called; every call still
    // in flight then ends as never_sent or may_have_run. Returns why it ended. Await it from a
    // TaskGroup.
    Task<Error> run();
    // initialize (2025-11-25, accepting any legacy revision), initialized, tools/list with all
    // pages. Error GH-P306 past the deadline, GH-M403/404 for a wrong answer.
    Task<Result<Catalogue>> handshake(std::chrono::milliseconds deadline);
    Task<Result<Catalogue>> refresh_catalogue(std::chrono::milliseconds deadline);

    // One call, from queue to answer. Never throws; a cancelled or timed out call frees its slot
    // and sends notifications/cancelled.
    Task<CallReply> call(std::shared_ptr<ConnectorCall> call);
    // ping; true if answered in time.
    Task<bool> ping(std::chrono::milliseconds deadline);

    // Closes the connector's stdin after what is queued for it was written (start of a polite
    // stop).
    void close_stdin();
    // Ends run(); idempotent.
    void stop();
    const SessionCounters& counters() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace gatehouse::runtime
