// What calls tell of the connector and of what is behind it, and which calls are not even tried.
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gatehouse::runtime {

namespace {

constexpr std::chrono::seconds credential_trial_pause{30};

std::string secrets_action(const ConnectorSpec& spec) {
    if (spec.credentials.empty()) {
        return "give the connector a credential that the service accepts";
    }
    return "set a value that the service accepts with `gatehouse secret set " +
           spec.credentials.front().secret.str() + "`";
}

// A result may be long, and JSON is full of the quote that a search for a key begins with, so the
// C library's search is used, which does not stop at each of them.
bool has_part(std::string_view text, std::string_view part) {
    return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

std::optional<ResultFailure> failure_told(const CallReply& reply) {
    const bool may_tell =
        reply.end == CallEnd::result && has_part(reply.body(), result_failure_key.substr(0, 13));
    return may_tell ? failure_of_result(reply.body()) : std::nullopt;
}

// Of an answer that says itself that it is none. Where it says so is near one of its ends, unless
// it comes with something large on both sides; a text is only ever a hint.
std::string_view error_text_of(const CallReply& reply) {
    constexpr std::size_t end_bytes = 1024;
    const std::string_view body = reply.body();
    const std::string_view last = body.substr(body.size() - std::min(body.size(), end_bytes));
    const bool error = reply.end == CallEnd::error ||
                       has_part(body.substr(0, end_bytes), R"("isError":true)") ||
                       has_part(last, R"("isError":true)") || has_part(last, R"("isError": true)");
    return error ? body : std::string_view();
}

} // namespace

void LifecycleSlot::facts_changed() {
    events_.on_changed();
}

void LifecycleSlot::count_call(const ConnectorCall& call, const CallReply& reply,
                               SteadyTime began) {
    ++calls_total_;
    const bool answered = reply.end == CallEnd::result || reply.end == CallEnd::error;
    const auto told = failure_told(reply);
    events_.on_outcome(CallOutcomeSeen{call, reply, told, began});
    if (reply.end == CallEnd::cancelled) {
        return;
    }
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(loop_now() - began);
    const SteadyTime now = host_.clock.steady_now();
    if (told) {
        DatedCause cause;
        cause.since = host_.clock.wall_now();
        cause.cause = told->error;
        cause.source = EvidenceSource::protocol;
        cause.host = told->host;
        cause.http_status = told->http_status;
        evidence_.add_failure(cause, now);
        last_answer_at_ = cause.since;
        call_window_.add(CallWindow::outcome_of(class_of_code(told->error.code)), took, now);
        note_refusal();
        facts_changed();
        return;
    }
    if (answered) {
        call_window_.add(CallWindow::CallOutcome::answered, took, now);
        count_answer(reply);
        return;
    }
    count_failure(reply, took);
}

void LifecycleSlot::count_answer(const CallReply& reply) {
    const SteadyTime now = host_.clock.steady_now();
    const WallTime wall = host_.clock.wall_now();
    const bool was_wrong =
        calls_failing_since_ || credential_trial_ || evidence_.blocked() || evidence_.outage(now);
    evidence_.add_answer(now);
    last_answer_at_ = wall;
    calls_failing_since_.reset();
    credential_trial_.reset();
    if (const auto text = error_text_of(reply); !text.empty()) {
        text_evidence_.add(TextOrigin::tool_error, text, wall);
        facts_changed();
    } else if (was_wrong) {
        facts_changed();
    }
}

void LifecycleSlot::count_failure(const CallReply& reply, std::chrono::microseconds took) {
    const SteadyTime now = host_.clock.steady_now();
    const WallTime wall = host_.clock.wall_now();
    const FailureClass of = class_of_code(reply.failure.code);
    ++calls_failed_;
    call_window_.add(CallWindow::outcome_of(of), took, now);
    // What was refused before it reached an instance says nothing of what is behind it.
    if (reply.instance.value != 0) {
        evidence_.add_failure(reply.failure, wall, now);
        note_refusal();
    }
    if (of == FailureClass::connector) {
        last_call_error_ = reply.failure;
        calls_failing_since_ = calls_failing_since_.value_or(wall);
    }
    facts_changed();
}

// From here on calls are answered at once, but for one now and then that tries.
void LifecycleSlot::note_refusal() {
    if (!credential_trial_ && evidence_.refused()) {
        credential_trial_ = loop_now();
    }
}

// The credential comes first: a breaker that lets the call through takes it for its trial, and then
// waits for its end.
std::optional<HeldBack> LifecycleSlot::held_back(const ConnectorCall& call) {
    const auto refused = evidence_.refused();
    const SteadyTime now = loop_now();
    if (credential_trial_ && refused && now < *credential_trial_ + credential_trial_pause) {
        HeldBack held{refused->cause, left_until(*credential_trial_ + credential_trial_pause)};
        held.why.where = spec_.name.str();
        held.why.action = secrets_action(spec_);
        return held;
    }
    if (auto held = events_.held_back(call)) {
        return held;
    }
    if (credential_trial_) {
        credential_trial_ = now;
    }
    return std::nullopt;
}

Task<CallReply> LifecycleSlot::answer_held(HeldBack held) {
    CallReply reply;
    reply.end = CallEnd::never_sent;
    reply.failure = std::move(held.why);
    reply.retry_after = held.retry_after;
    co_return reply;
}

} // namespace gatehouse::runtime
