#include "runtime/session/failures.hpp"

#include "runtime/base/units.hpp"

namespace gatehouse::runtime::failures {

Error never_sent(const Error& reason) {
    return Error{reason.code, "the call was not sent to the connector", "", reason.what,
                 "it did not run and can be repeated safely"};
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

Error no_slot_within(std::chrono::milliseconds deadline, int concurrency) {
    return Error{"GH-R701", "the call was not sent within " + duration_text(deadline), "",
                 "the connector takes " + std::to_string(concurrency) +
                     " calls at a time, and those before it did not end",
                 "repeat it later, or raise run.concurrency in the connector's manifest"};
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

Error answer_unreadable(std::string why) {
    return Error{"GH-M403", "the connector's answer is not a valid JSON-RPC message", "",
                 std::move(why), "report it to the connector's author; the call may have run"};
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
