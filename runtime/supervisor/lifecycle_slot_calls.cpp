// The callers' side: waiting for an instance, handing calls to it, and saying why there is none.
#include "runtime/base/counted_while.hpp"
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr std::size_t waiting_calls_max_count = 4096;

Error cancelled_error(const ConnectorName& name) {
    return Error{"GH-R704", "the call was cancelled before it was sent", name.str(), "", ""};
}

} // namespace

// Why no instance will be ready soon; nothing if waiting makes sense.
std::optional<Error> LifecycleSlot::refusal(Patience patience, SteadyTime until) const {
    if (shutting_down_) {
        return Error{"GH-P311", "the connector is being ended", spec_.name.str(),
                     "the gateway stops, or its manifest changed", "try again later"};
    }
    if (off_ || state_ == InstanceState::stopped) {
        return Error{"GH-P311", "the connector is stopped on purpose", spec_.name.str(), "",
                     "run `gatehouse start " + spec_.name.str() + "`"};
    }
    const bool worth_waiting = patience == Patience::short_backoff &&
                               state_ == InstanceState::backoff && next_attempt_ < until;
    if (worth_waiting) {
        return std::nullopt;
    }
    const bool down = state_ == InstanceState::backoff || state_ == InstanceState::failed ||
                      state_ == InstanceState::misconfigured ||
                      state_ == InstanceState::quarantined;
    if (down && !start_wanted_ && !idle_wanted_) {
        return last_failure_;
    }
    if (state_ == InstanceState::stuck) {
        return Error{"GH-P310", "processes of the connector survive the kill", spec_.name.str(), "",
                     "look for them with ps"};
    }
    return std::nullopt;
}

bool LifecycleSlot::serves_now() const {
    return state_ == InstanceState::ready && instance_->serves() && !stop_asked();
}

// A call wakes what sleeps, or what is just falling asleep; it never shortens a backoff. Only the
// first that waits says so: several that told each other would do nothing else until it sleeps.
void LifecycleSlot::wake_for_call() {
    const bool falling_asleep = stop_reason_ == StopReason::idle && has_process(state_);
    if ((state_ == InstanceState::idle || falling_asleep) && !start_wanted_) {
        start_wanted_ = true;
        changed();
    }
}

Task<Result<std::shared_ptr<Instance>>>
LifecycleSlot::wait_ready(std::shared_ptr<ConnectorCall> call, SteadyTime deadline,
                          Patience patience) {
    if (waiting_calls_ >= waiting_calls_max_count) {
        co_return Error{"GH-R701", "too many calls wait for the connector", spec_.name.str(), "",
                        "try again later"};
    }
    const CountedWhile counted(waiting_calls_);
    for (;;) {
        if (call && call->cancelled()) {
            co_return cancelled_error(spec_.name);
        }
        if (serves_now()) {
            co_return instance_;
        }
        if (auto why = refusal(patience, deadline)) {
            co_return std::move(*why);
        }
        const milliseconds left = left_until(deadline);
        if (left <= milliseconds(0)) {
            co_return Error{"GH-P306", "the connector is not ready in time", spec_.name.str(),
                            "it is still " + std::string(to_text(state_)),
                            "read `gatehouse logs " + spec_.name.str() + "`"};
        }
        wake_for_call();
        auto change = changed_.wait_for(std::min<milliseconds>(left, seconds(5)));
        co_await std::move(change);
    }
}

Task<CallReply> LifecycleSlot::call(std::shared_ptr<ConnectorCall> call) {
    if (auto held = held_back(*call)) {
        return answer_held(std::move(*held));
    }
    return serves_now() && !call->cancelled() ? call_now(instance_, std::move(call))
                                              : call_when_ready(std::move(call), 1, {});
}

// The usual way, without what waiting for an instance needs.
Task<CallReply> LifecycleSlot::call_now(std::shared_ptr<Instance> instance,
                                        std::shared_ptr<ConnectorCall> call) {
    const SteadyTime began = loop_now();
    auto calling = call_instance(instance, call, Try::first);
    CallReply reply = co_await std::move(calling);
    if (may_repeat(reply, *call, *instance)) {
        const SteadyTime until = began + call->deadline;
        auto again = call_when_ready(std::move(call), 2, until);
        reply = co_await std::move(again);
        co_return reply;
    }
    count_call(*call, reply, began);
    co_return reply;
}

// `until`: of the call as a whole, if it was tried before.
Task<CallReply> LifecycleSlot::call_when_ready(std::shared_ptr<ConnectorCall> call, int attempt,
                                               SteadyTime until) {
    constexpr int attempts_max_count = 2;
    CallReply reply;
    SteadyTime began = loop_now();
    until = attempt == 1 ? began + call->deadline : until;
    for (; attempt <= attempts_max_count; ++attempt) {
        call->set_cancel_handler([this] { changed_.notify(); });
        // The instance died under a call that may be repeated: its successor is worth a wait.
        const auto patience = attempt == 1 ? Patience::no_backoff : Patience::short_backoff;
        const SteadyTime startup_end = loop_now() + spec_.timeouts.startup;
        auto waiting = wait_ready(call, attempt == 1 ? startup_end : until, patience);
        auto instance = co_await std::move(waiting);
        call->set_cancel_handler(nullptr);
        if (!instance) {
            reply = refused(std::move(instance).error());
            if (call->cancelled()) {
                reply.end = CallEnd::cancelled;
            }
            break;
        }
        began = loop_now();
        const Try which = attempt < attempts_max_count ? Try::first : Try::last;
        auto calling = call_instance(*instance, call, which);
        reply = co_await std::move(calling);
        if (!may_repeat(reply, *call, **instance)) {
            break;
        }
    }
    count_call(*call, reply, began);
    co_return reply;
}

CallReply LifecycleSlot::refused(Error failure) const {
    CallReply reply;
    reply.end = CallEnd::never_sent;
    reply.failure = std::move(failure);
    if (state_ == InstanceState::backoff) {
        reply.retry_after = left_until(next_attempt_);
    }
    return reply;
}

Task<Result<std::shared_ptr<const Catalogue>>> LifecycleSlot::catalogue(milliseconds deadline) {
    const SteadyTime until = loop_now() + std::min(deadline, spec_.timeouts.startup);
    auto waiting = wait_ready(nullptr, until, Patience::no_backoff);
    auto instance = co_await std::move(waiting);
    if (!instance) {
        co_return std::move(instance).error();
    }
    co_return catalogue_;
}

Task<CallReply> LifecycleSlot::watch_resource(std::string uri) {
    const SteadyTime until = loop_now() + spec_.timeouts.startup;
    auto waiting = wait_ready(nullptr, until, Patience::short_backoff);
    auto instance = co_await std::move(waiting);
    if (!instance) {
        co_return refused(std::move(instance).error());
    }
    CallReply reply;
    {
        const CountedWhile active((*instance)->calls_active);
        auto asking = (*instance)->session->watch_resource(std::move(uri), spec_.timeouts.call);
        reply = co_await std::move(asking);
        last_call_ = loop_now();
        if (hit_by_end(reply, **instance)) {
            auto hearing = await_cause(*instance, reply.failure.code);
            co_await std::move(hearing);
            tell_cause(**instance, reply);
        }
    }
    reply.instance = (*instance)->id;
    changed_.notify();
    co_return reply;
}

void LifecycleSlot::unwatch_resource(const std::string& uri) {
    if (serves_now()) {
        instance_->session->unwatch_resource(uri);
    }
    // The last watch may have been what kept it awake.
    changed_.notify();
}

// Also before it is ready: a connector may ask for the roots as soon as it was introduced.
void LifecycleSlot::roots_changed() {
    if (instance_ && instance_->session && !instance_->session_end) {
        instance_->session->tell_roots_changed();
    }
}

std::uint64_t LifecycleSlot::active_calls() const {
    return waiting_calls_ + (instance_ ? instance_->calls_active : 0);
}

} // namespace gatehouse::runtime
