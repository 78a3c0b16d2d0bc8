#include "runtime/session/failures.hpp"

#include "runtime/base/units.hpp"
#include "runtime/session/json_scan.hpp"

namespace gatehouse::runtime::failures {

Error never_sent(const Error& reason) {
    return Error{reason.code, "the call was not sent to the connector", "", reason.what,
                 "it was never sent, so it is safe to retry"};
}

Error may_have_run(const Error& reason) {
    return Error{reason.code, "the connector ended during the call, which may have run", "",
                 reason.what,
                 "check whether it took effect before repeating it; see the connector's log"};
}

Error no_answer_within(std::chrono::milliseconds deadline) {
    return Error{"GH-P307",
                 "no answer within " + duration_text(deadline) + "; the call may have run", "",
                 "the connector did not answer in time",
                 "see the connector's log, or raise run.timeouts.call in its manifest"};
}

Error no_answer_from_server(std::chrono::milliseconds deadline) {
    return Error{"GH-D204",
                 "no answer within " + duration_text(deadline) + "; the call may have run", "",
                 "the connector's server took the request and did not answer in time",
                 "see the server's log, or raise run.timeouts.call in the connector's manifest"};
}

Error no_input_within(std::chrono::milliseconds deadline) {
    return Error{"GH-P307",
                 "the client did not answer the connector within " + duration_text(deadline) +
                     "; the call may have run",
                 "", "the connector asked for input in the middle of the call",
                 "repeat the call, and answer what it asks"};
}

Error no_slot_within(std::chrono::milliseconds deadline, const SlotsTaken& taken) {
    std::string takes = "the connector takes " + std::to_string(taken.concurrency) +
                        (taken.concurrency == 1 ? " call at a time" : " calls at a time");
    if (taken.one_at_a_time) {
        takes = "the connector takes calls whose client it may ask something one at a time";
    }
    return Error{"GH-R701", "the call was not sent within " + duration_text(deadline), "",
                 takes + (taken.client_asked ? ", and one before it waits until its client answers "
                                               "what the connector asked"
                                             : ", and those before it did not end"),
                 taken.one_at_a_time
                     ? "repeat it later, or give each session its own instance with "
                       "run.instances.scope in the connector's manifest"
                     : "repeat it later, or raise run.concurrency in the connector's manifest"};
}

Error queue_full(std::size_t queued_count) {
    return Error{"GH-R701", "too many calls are waiting for the connector", "",
                 std::to_string(queued_count) + " calls are queued already",
                 "repeat the call later, or raise run.concurrency in the connector's manifest"};
}

Error cancelled(std::string_view reason) {
    return Error{"GH-R704", "the call was cancelled by its caller", "", std::string(reason), ""};
}

Error answer_too_long(std::size_t length_bytes, std::size_t max_bytes) {
    return Error{"GH-M402", "the connector's answer is too long", "",
                 size_text(length_bytes) + " in one line, and the limit is " + size_text(max_bytes),
                 "ask for less, or raise limits.result in gatehouse.yaml"};
}

Error line_without_end(std::size_t length_bytes, std::size_t max_bytes) {
    return Error{"GH-M402", "the connector wrote a line without an end", "",
                 size_text(length_bytes) + " in one line that did not end, and the limit is " +
                     size_text(max_bytes),
                 "report it to the connector's author: each message ends with a newline"};
}

Error answer_unreadable(std::string why) {
    return Error{"GH-M403", "the connector's answer is not a valid JSON-RPC message", "",
                 std::move(why), "report it to the connector's author; the call may have run"};
}

Error wrong_answer(std::string what, std::string why) {
    return Error{"GH-M403", std::move(what), "", std::move(why),
                 "see the connector's log, and report it to the connector's author"};
}

Error failed_step(const CallReply& reply, const std::string& doing) {
    if (reply.end == CallEnd::error) {
        std::string message;
        if (const auto literal = find_member(reply.body(), "message")) {
            message = string_value(*literal).value_or("");
        }
        return wrong_answer("the connector refused " + doing, message.substr(0, 512));
    }
    Error failure = reply.failure;
    failure.where = doing;
    if (reply.end == CallEnd::timed_out && failure.code == "GH-D204") {
        failure.what = "the connector's server did not answer " + doing + " in time";
        failure.action =
            "see the server's log, or raise run.timeouts.startup in the connector's manifest";
    } else if (reply.end == CallEnd::timed_out) {
        failure = Error{"GH-P306", "the connector did not answer " + doing + " in time", doing,
                        "it is slow to start, or does not speak MCP",
                        "see the connector's log, or raise run.timeouts.startup in its manifest"};
    }
    const bool ended = reply.end == CallEnd::may_have_run || reply.end == CallEnd::never_sent;
    if (ended && failure.code == "GH-P301") {
        // The words for a caller ("may have run") would mislead here: nobody called a tool yet.
        failure = Error{"GH-P301", "the connector ended before it answered " + doing, doing,
                        failure.why, "see the connector's log"};
    }
    return failure;
}

Error ended_on_probe() {
    return Error{"GH-P312", "the connector ended when it was asked for its protocol era",
                 "server/discover", "it does not expect anything before initialize",
                 "nothing; it is started again without that question"};
}

Error stdout_closed() {
    return Error{"GH-P301", "the connector closed its stdout", "", "its process ended or gave up",
                 "see the connector's log"};
}

Error stdin_closed() {
    return Error{"GH-P301", "the connector's stdin is closed", "", "it is ending",
                 "see the connector's log"};
}

Error stopped() {
    return Error{"GH-P301", "the connector was stopped", "", "the gateway ended the session", ""};
}

} // namespace gatehouse::runtime::failures
