// The Errors of calls that got no answer, in one place so that their words agree. Pure.
#pragma once

#include "runtime/base/error.hpp"
#include "runtime/connector_call.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace gatehouse::runtime::failures {

// The session ended (`reason`) before the answer; nothing of the call had reached the connector.
Error never_sent(const Error& reason);
// As above, but the connector had got the call, or part of it.
Error may_have_run(const Error& reason);
Error no_answer_within(std::chrono::milliseconds deadline);
// As above, of a server that runs elsewhere (GH-D204).
Error no_answer_from_server(std::chrono::milliseconds deadline);
// The client did not answer what the connector asked it.
Error no_input_within(std::chrono::milliseconds deadline);
// What kept a call in the queue.
struct SlotsTaken {
    int concurrency = 1;
    bool one_at_a_time = false; // it, or the one before it, must run alone
    bool client_asked = false;  // one before it waits for its client's answer to the connector
};
Error no_slot_within(std::chrono::milliseconds deadline, const SlotsTaken& taken);
Error queue_full(std::size_t queued_count);
Error cancelled(std::string_view reason);
Error answer_too_long(std::size_t length_bytes, std::size_t max_bytes);
// Ends the session: no answer can come after it.
Error line_without_end(std::size_t length_bytes, std::size_t max_bytes); // GH-M402
Error answer_unreadable(std::string why);

// A step of the gateway's own (`doing`: "initialize", "tools/list") that got something else than a
// result: GH-M403 refused, GH-P306 not in time (GH-D204 of a server elsewhere), else why the
// session ended.
Error failed_step(const CallReply& reply, const std::string& doing);
// GH-M403: the connector's answer cannot be used.
Error wrong_answer(std::string what, std::string why);
// GH-P312: the connector ended after `server/discover` and before it answered `initialize`.
Error ended_on_probe();

// Why a session ended.
Error stdout_closed();
Error stdin_closed();
Error stopped();

} // namespace gatehouse::runtime::failures
