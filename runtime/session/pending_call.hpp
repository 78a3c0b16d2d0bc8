// PendingCall: one call between its caller's coroutine and the answer. It lives in that coroutine's
// frame; the session only links it. Used by the session's core alone.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/connector_call.hpp"
#include "runtime/session/input_rest.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/post.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <memory>
#include <utility>

namespace gatehouse::runtime {

class SessionCore;

// A suspended coroutine, to be resumed once. The base class hides the handler's type.
class ParkedCoroutine {
  public:
    virtual ~ParkedCoroutine() = default;
    virtual void resume() = 0;
};

template <class Handler>
class ParkedHandler final : public ParkedCoroutine {
  public:
    explicit ParkedHandler(Handler handler) : handler_(std::move(handler)) {}
    // Through the loop's queue: the caller continues after whoever brought the answer is done.
    void resume() override { asio::post(std::move(handler_)); }

  private:
    Handler handler_;
};

enum class Lane {
    shared, // takes one of the `concurrency` slots, or waits for one
    direct, // the gateway's own requests: handshake, ping, lists
    probe,  // as direct, but nothing is told to the connector when it is given up
    watch,  // as direct, but for a client: resources/subscribe
    listen, // as direct; its first notification ends it: subscriptions/listen
};

namespace intrusive = boost::intrusive;
using QueueHook = intrusive::list_base_hook<intrusive::link_mode<intrusive::auto_unlink>>;
using DeadlineHook = intrusive::set_base_hook<intrusive::link_mode<intrusive::auto_unlink>>;

struct PendingCall : QueueHook, DeadlineHook {
    PendingCall(SessionCore& owner, ConnectorCall& wanted, Lane chosen)
        : core(owner), call(wanted), lane(chosen), exclusive(wanted.exclusive) {}
    ~PendingCall();
    PendingCall(const PendingCall&) = delete;
    PendingCall& operator=(const PendingCall&) = delete;

    bool queued() const { return QueueHook::is_linked(); }

    SessionCore& core;
    ConnectorCall& call;
    Lane lane;
    bool exclusive;
    SteadyTime deadline;
    std::uint64_t upstream_id = 0;     // 0: no message made yet
    std::uint64_t output_position = 0; // where its message starts in the stream to the connector
    bool submitted = false;
    bool done = false;
    // While the client is asked something, the deadline is the one for its answer.
    int open_inputs = 0;
    InputRest rest;
    CallReply reply;
    std::unique_ptr<ParkedCoroutine> parked;
};

struct EarlierDeadline {
    bool operator()(const PendingCall& a, const PendingCall& b) const {
        return a.deadline < b.deadline;
    }
};
using CallQueue = intrusive::list<PendingCall, intrusive::constant_time_size<false>>;
using DeadlineOrder = intrusive::multiset<PendingCall, intrusive::compare<EarlierDeadline>,
                                          intrusive::constant_time_size<false>>;

// Starts the wait for a PendingCall: stores the coroutine's handler, and makes Asio's cancellation
// of that coroutine (its client went away) a cancelled call.
struct ParkCall {
    PendingCall* pending;

    template <class Handler>
    void operator()(Handler&& handler) const;
};

} // namespace gatehouse::runtime
