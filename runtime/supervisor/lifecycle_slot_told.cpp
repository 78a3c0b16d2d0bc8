// One call on one instance, and what its caller is told if the instance ends under it.
#include "runtime/base/counted_while.hpp"
#include "runtime/session/json_scan.hpp"
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

// The exit of a process is seen a few milliseconds after the end of its stdout.
constexpr milliseconds cause_max_wait{500};

bool reads_only(const ConnectorCall& call) {
    return call.method == "resources/read" || call.method == "prompts/get" ||
           call.method == "completion/complete";
}

// The connector's own word for it that calling the tool once more changes nothing.
bool says_repeatable(const Catalogue& catalogue, std::string_view tool) {
    const auto named = [&](const Tool& each) { return each.name == tool; };
    const auto found = std::find_if(catalogue.tools.begin(), catalogue.tools.end(), named);
    if (found == catalogue.tools.end()) {
        return false;
    }
    for (const char* const hint : {"/annotations/readOnlyHint", "/annotations/idempotentHint"}) {
        if (find_pointer(found->definition, hint) == std::string_view("true")) {
            return true;
        }
    }
    return false;
}

// The words for an end of which only the session knows.
bool says_only_ended(std::string_view code) {
    return code == "GH-P301" || code == "GH-P315";
}

std::string reason_text(const Error& cause) {
    if (cause.why.empty()) {
        return cause.what;
    }
    return cause.what.starts_with("the connector ended") ? cause.why
                                                         : cause.what + ": " + cause.why;
}

} // namespace

bool LifecycleSlot::hit_by_end(const CallReply& reply, const Instance& instance) {
    const bool hit = reply.end == CallEnd::never_sent || reply.end == CallEnd::may_have_run;
    return hit && !instance.serves();
}

// The end of its instance hit the call, and calling once more can do no harm.
bool LifecycleSlot::may_repeat(const CallReply& reply, const ConnectorCall& call,
                               const Instance& instance) const {
    if (instance.serves() || call.cancelled()) {
        return false;
    }
    if (reply.end != CallEnd::may_have_run) {
        return reply.end == CallEnd::never_sent;
    }
    if (call.method != "tools/call") {
        return reads_only(call);
    }
    return catalogue_ && says_repeatable(*catalogue_, target_of_call(call));
}

// Until it is known why the instance ended, if its process can still say. The driver judges an end
// before it waits for the calls that hear of it, so neither waits for the other.
Task<void> LifecycleSlot::await_cause(std::shared_ptr<Instance> instance, std::string code) {
    const SteadyTime until = loop_now() + cause_max_wait;
    while (instance->child && says_only_ended(code) && !instance->judged && !instance->killed_for &&
           !stop_asked() && loop_now() < until) {
        auto change = changed_.wait_for(left_until(until));
        co_await std::move(change);
    }
}

// Code and reason of the true cause; how far the call got stays as it was said.
void LifecycleSlot::tell_cause(const Instance& instance, CallReply& reply) {
    if (instance.killed_for) {
        reply.failure.code = instance.killed_for->code;
        reply.failure.why = instance.killed_for->what;
    } else if (instance.end_cause && instance.child && says_only_ended(reply.failure.code)) {
        reply.failure.code = instance.end_cause->code;
        reply.failure.why = reason_text(*instance.end_cause);
    }
}

// The crash record has what each caller heard.
void LifecycleSlot::note_unanswered(Instance& instance, const ConnectorCall& call,
                                    const CallReply& reply, Attempt attempt) const {
    if (instance.interrupted.size() >= crashed_calls_max_count) {
        return;
    }
    CrashedCall crashed;
    crashed.id = call.id;
    crashed.method = call.method;
    crashed.target = target_of_call(call);
    crashed.age = std::chrono::duration_cast<milliseconds>(attempt.age);
    const bool repeated = attempt.which == Try::first && may_repeat(reply, call, instance);
    crashed.told = repeated ? "retried" : to_text(reply.end);
    instance.interrupted.push_back(std::move(crashed));
}

Task<CallReply> LifecycleSlot::call_instance(std::shared_ptr<Instance> instance,
                                             std::shared_ptr<ConnectorCall> call, Try which) {
    const SteadyTime began = loop_now();
    CallReply reply;
    {
        const CountedWhile active(instance->calls_active);
        auto sending = instance->session->call(call);
        reply = co_await std::move(sending);
        reply.instance = instance->id;
        last_call_ = loop_now();
        if (reply.end == CallEnd::result || reply.end == CallEnd::error) {
            ++instance->calls_answered;
        } else if (hit_by_end(reply, *instance)) {
            const Attempt attempt{which, last_call_ - began};
            if (which == Try::last || !may_repeat(reply, *call, *instance)) {
                auto hearing = await_cause(instance, reply.failure.code);
                co_await std::move(hearing);
            }
            tell_cause(*instance, reply);
            note_unanswered(*instance, *call, reply, attempt);
        }
    }
    if (instance->calls_active == 0) {
        changed_.notify();
    }
    co_return reply;
}

} // namespace gatehouse::runtime
