// Follow: one running Server-Sent Events answer that goes on with what is new in a log or in the
// events, and the group of them, bounded. A slow reader waits on its own: what it has not taken is
// read from disk later, and it never holds up whoever writes.
#pragma once

#include "gateway/http/server.hpp"
#include "runtime/base/task.hpp"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gatehouse::gateway {

// What a follower hands over, piece by piece. Never waits; a call reads a bounded piece.
class FollowSource {
  public:
    struct Piece {
        std::string text;  // whole SSE events; empty: nothing new
        bool more = false; // a call at once brings more
    };
    virtual ~FollowSource() = default;
    virtual Piece next() = 0;
    // Everything up to this seq was handed over or did not fit the filter.
    virtual std::uint64_t cursor() const = 0;
};

// One running follow. Whoever holds it may end it: the peer's hang-up, or the API's stop().
class Follow {
  public:
    static constexpr std::chrono::milliseconds poll_interval{50};
    // Then an event without data goes out: it carries the cursor, and finds a peer that is gone.
    static constexpr std::chrono::seconds heartbeat_interval{15};

    explicit Follow(Executor executor) : timer_(std::move(executor)) {}
    void end() {
        ended_ = true;
        timer_.cancel();
    }
    bool ended() const { return ended_; }
    // Completes after that time or at end().
    Task<void> pause(std::chrono::milliseconds time);

  private:
    asio::steady_timer timer_;
    bool ended_ = false;
};

class FollowGroup {
  public:
    static constexpr std::size_t followers_max_count = 64;

    explicit FollowGroup(Executor executor) : executor_(std::move(executor)) {}
    // Writes until the peer hangs up, stays unable to take more, or stop(). With too many followers
    // it refuses (503, GH-R713). The responder outlives it.
    Task<void> run(std::unique_ptr<FollowSource> source, HttpResponder& responder);
    // Ends all, and those to come. Idempotent.
    void stop();

  private:
    Executor executor_;
    std::vector<std::weak_ptr<Follow>> running_;
    bool stopping_ = false;
};

// One SSE event: "id: SEQ\nevent: TYPE\ndata: JSON\n\n"; the JSON has no line break.
void append_sse_event(std::string& out, std::uint64_t seq, std::string_view type,
                      std::string_view json);

} // namespace gatehouse::gateway
