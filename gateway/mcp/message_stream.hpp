// MessageStream: the JSON-RPC messages for a client that belong to one of its requests, or to its
// standalone stream, in order, until a connection has delivered them. In the legacy era it outlives
// its connection: the client may come back with Last-Event-ID (MCP 2025-11-25, transports,
// resumability and redelivery). One event loop.
#pragma once

#include "gateway/http/server.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/task.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

struct MessageStreamOptions {
    // Put before each event's number to make its id ("3-" gives "3-1"); empty: events have no ids
    // and nothing is kept for a replay (modern era).
    std::string event_id_prefix;
    // A first event without data that carries an id and this `retry` (2025-11-25); zero: none.
    std::chrono::milliseconds priming_retry{0};
    // Of messages not yet delivered, and of delivered ones kept for a replay.
    std::size_t backlog_max_bytes = 1ULL << 20;
    std::size_t replay_max_bytes = 256ULL << 10;
    // What all streams with this counter keep; over the maximum, what may be lost and answers are
    // given up when they come while no connection serves their stream. Null: not counted.
    std::shared_ptr<std::size_t> kept_total_bytes;
    std::size_t kept_total_max_bytes = 64ULL << 20;
};

class MessageStream : public std::enable_shared_from_this<MessageStream> {
  public:
    MessageStream(Executor executor, MessageStreamOptions options);
    ~MessageStream();

    enum class Weight {
        may_be_lost, // progress, logs: dropped (and counted) when the client does not read
        must_arrive, // requests to the client, resource updates: false when there is no room
    };
    // One complete JSON-RPC message.
    bool push(std::string message, Weight weight);
    // The same for a message that says nothing new while an identical one waits to be delivered.
    bool push_unless_waiting(std::string message);
    // The answer; the stream ends behind it. Always kept, whatever the backlog.
    void push_last(HttpReply answer);
    // Ends the stream without an answer (standalone streams; the session ended). Idempotent.
    void close();

    bool ended() const;     // push_last or close was called
    bool delivered() const; // and all of it was written to a connection
    bool attached() const;  // a connection serves it now
    std::uint64_t dropped_count() const;
    std::size_t kept_bytes() const; // of messages and answer held now

    // For serve: what no connection has delivered so far.
    static constexpr std::uint64_t behind_delivered = ~0ULL;
    // Answers a request with this stream from behind event `after` on (0: from the start): head,
    // priming, events as they come, keep-alive comments, until the end, until the client is gone,
    // or until another connection takes over. Completes the responder. Streams with event ids take
    // the responder's on_disconnect for themselves; without ids it stays the caller's, who ends the
    // stream when the client hangs up.
    static Task<void> serve(std::shared_ptr<MessageStream> stream, HttpResponder& responder,
                            std::uint64_t after,
                            std::vector<std::pair<std::string, std::string>> headers = {});

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::gateway
