// The two readings of a connector's log: one page, and an endless stream of JSON lines that follows
// it.
#pragma once

#include "gateway/admin/admin_route.hpp"
#include "gateway/http/server.hpp"
#include "runtime/base/task.hpp"
#include "runtime/logs/log_store.hpp"

#include <boost/asio/steady_timer.hpp>
#include <memory>

namespace gatehouse::gateway {

// {"records": […], "last_seq": N, "truncated": bool}; records beyond 4 MiB of text are left out,
// the oldest first.
HttpReply log_page(runtime::ConnectorLog& log, const LogQuery& query);

// One running follow. Whoever holds it may end it: the peer's hang-up, or the API's stop().
class LogFollow {
  public:
    static constexpr std::chrono::milliseconds poll_interval{50};
    static constexpr std::chrono::seconds heartbeat_interval{15}; // an empty line

    explicit LogFollow(Executor executor) : timer_(std::move(executor)) {}
    void end() {
        ended_ = true;
        timer_.cancel();
    }
    bool ended() const { return ended_; }
    // Completes after poll_interval or at end().
    Task<void> pause();

  private:
    asio::steady_timer timer_;
    bool ended_ = false;
};

// Writes application/x-ndjson until the peer hangs up or `follow` is ended. The log and the
// responder outlive it.
Task<void> stream_log(std::shared_ptr<LogFollow> follow, runtime::ConnectorLog& log, LogQuery query,
                      HttpResponder& responder);

} // namespace gatehouse::gateway
