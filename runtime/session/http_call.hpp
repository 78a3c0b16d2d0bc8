// HttpCall: one request of an HttpSession between its caller's coroutine and the answer. It lives
// in that coroutine's frame; the session only knows where. Used by the session's core alone.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/connector_call.hpp"
#include "runtime/http_client/wait_limit.hpp"
#include "runtime/session/input_rest.hpp"

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace gatehouse::runtime {

class HttpSessionCore;

enum class HttpLane {
    shared,    // takes one of the `concurrency` slots, or waits for one
    direct,    // the gateway's own requests: ping, lists, subscriptions
    handshake, // as direct, and does not wait for a session that is being renewed
};

struct HttpCall {
    HttpCall(HttpSessionCore& owner, ConnectorCall& wanted, HttpLane chosen)
        : core(owner), call(wanted), lane(chosen), exclusive(wanted.exclusive) {}
    ~HttpCall();
    HttpCall(const HttpCall&) = delete;
    HttpCall& operator=(const HttpCall&) = delete;

    HttpSessionCore& core;
    ConnectorCall& call;
    HttpLane lane;
    bool exclusive;
    SteadyTime deadline;
    std::shared_ptr<WaitLimit> limit;         // of whatever is awaited for it
    std::unique_ptr<asio::steady_timer> turn; // cancelled when it gets its slot
    std::uint64_t id = 0;                     // of the last message made for it
    std::string session;                      // that the last message was sent in
    bool admitted = false;
    bool queued = false;
    bool holds_slot = false;
    bool posted = false; // something of it may have reached the server
    bool done = false;
    bool may_renew = true;   // a lost session is renewed once
    bool may_refresh = true; // a header mismatch is repaired once
    // While the client is asked something, the deadline is the one for its answer.
    int open_inputs = 0;
    InputRest rest;
    CallReply reply;
};

} // namespace gatehouse::runtime
