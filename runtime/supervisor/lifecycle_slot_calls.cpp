// The callers' side: waiting for an instance, handing calls to it, and saying why there is none.
#include "runtime/supervisor/lifecycle_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr std::size_t waiting_calls_max_count = 4096;
constexpr seconds short_backoff_max{3};

class CountedWhile {
  public:
    explicit CountedWhile(std::uint64_t& count) : count_(count) { ++count_; }
    ~CountedWhile() { --count_; }
    CountedWhile(const CountedWhile&) = delete;
    CountedWhile& operator=(const CountedWhile&) = delete;

  private:
    std::uint64_t& count_;
};

Error cancelled_error(const ConnectorName& name) {
    return Error{"GH-R704", "the call was cancelled before it was sent", name.str(), "", ""};
}

// Only a call that never left may go to the next instance by itself.
bool never_left(const CallReply& reply, const Instance& instance) {
    return reply.end == CallEnd::never_sent && !instance.serves();
}

} // namespace

// Why no instance will be ready soon; nothing if waiting makes sense.
std::optional<Error> LifecycleSlot::refusal(Patience patience) const {
    if (shutting_down_) {
        return Error{"GH-P311", "the gateway is stopping", spec_.name.str(), "", "try again later"};
    }
    if (off_ || state_ == InstanceState::stopped) {
        return Error{"GH-P311", "the connector is stopped on purpose", spec_.name.str(), "",
                     "run `gatehouse start " + spec_.name.str() + "`"};
    }
    const bool short_pause = patience == Patience::short_backoff &&
                             state_ == InstanceState::backoff &&
                             left_until(next_attempt_) <= short_backoff_max;
    if (short_pause) {
        return std::nullopt;
    }
    const bool down = state_ == InstanceState::backoff || state_ == InstanceState::failed ||
                      state_ == InstanceState::misconfigured;
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

// A call wakes what sleeps, or what is just falling asleep; it never shortens a backoff.
void LifecycleSlot::wake_for_call() {
    const bool falling_asleep = stop_reason_ == StopReason::idle && has_process(state_);
    if (state_ == InstanceState::idle || falling_asleep) {
        start_wanted_ = true;
        changed();
    }
}

Task<Result<std::shared_ptr<Instance>>>
LifecycleSlot::wait_ready(std::shared_ptr<ConnectorCall> call, milliseconds max,
                          Patience patience) {
    if (waiting_calls_ >= waiting_calls_max_count) {
        co_return Error{"GH-R701", "too many calls wait for the connector", spec_.name.str(), "",
                        "try again later"};
    }
    const CountedWhile counted(waiting_calls_);
    const SteadyTime deadline = loop_now() + max;
    for (;;) {
        if (call && call->cancelled()) {
            co_return cancelled_error(spec_.name);
        }
        if (serves_now()) {
            co_return instance_;
        }
        if (auto why = refusal(patience)) {
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
    return serves_now() && !call->cancelled() ? call_now(instance_, std::move(call))
                                              : call_when_ready(std::move(call), 1);
}

// The usual way, without what waiting for an instance needs.
Task<CallReply> LifecycleSlot::call_now(std::shared_ptr<Instance> instance,
                                        std::shared_ptr<ConnectorCall> call) {
    auto calling = call_instance(instance, call);
    CallReply reply = co_await std::move(calling);
    if (never_left(reply, *instance) && !call->cancelled()) {
        auto again = call_when_ready(std::move(call), 2);
        reply = co_await std::move(again);
        co_return reply;
    }
    count_call(reply);
    co_return reply;
}

Task<CallReply> LifecycleSlot::call_when_ready(std::shared_ptr<ConnectorCall> call, int attempt) {
    constexpr int attempts_max_count = 2;
    CallReply reply;
    for (; attempt <= attempts_max_count; ++attempt) {
        call->set_cancel_handler([this] { changed_.notify(); });
        // The instance died under a call that never left: its successor is worth a short wait.
        const auto patience = attempt == 1 ? Patience::no_backoff : Patience::short_backoff;
        auto waiting = wait_ready(call, spec_.timeouts.startup, patience);
        auto instance = co_await std::move(waiting);
        call->set_cancel_handler(nullptr);
        if (!instance) {
            reply = refused(std::move(instance).error());
            if (call->cancelled()) {
                reply.end = CallEnd::cancelled;
            }
            break;
        }
        auto calling = call_instance(*instance, call);
        reply = co_await std::move(calling);
        if (!never_left(reply, **instance) || call->cancelled()) {
            break;
        }
    }
    count_call(reply);
    co_return reply;
}

Task<CallReply> LifecycleSlot::call_instance(std::shared_ptr<Instance> instance,
                                             std::shared_ptr<ConnectorCall> call) {
    CallReply reply;
    {
        const CountedWhile active(instance->calls_active);
        auto sending = instance->session->call(std::move(call));
        reply = co_await std::move(sending);
    }
    reply.instance = instance->id;
    last_call_ = loop_now();
    if (instance->calls_active == 0) {
        changed_.notify();
    }
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

void LifecycleSlot::count_call(const CallReply& reply) {
    if (reply.end == CallEnd::cancelled) {
        ++calls_total_;
        return;
    }
    if (spec_.transport == Transport::stdio) {
        // What is behind it does not show.
    } else if (reply.end == CallEnd::result || reply.end == CallEnd::error) {
        evidence_.add_answer(host_.clock.steady_now());
    } else if (reply.instance.value != 0) {
        evidence_.add_failure(reply.failure, host_.clock.wall_now(), host_.clock.steady_now());
    }
    const bool failed = reply.end != CallEnd::result && reply.end != CallEnd::error;
    ++calls_total_;
    calls_failed_ += failed ? 1 : 0;
    call_window_.add(failed ? CallWindow::CallOutcome::failed : CallWindow::CallOutcome::answered,
                     host_.clock.steady_now());
    if (failed && !calls_failing_since_) {
        calls_failing_since_ = host_.clock.wall_now();
    } else if (!failed) {
        calls_failing_since_.reset();
    }
}

Task<Result<std::shared_ptr<const Catalogue>>> LifecycleSlot::catalogue(milliseconds deadline) {
    auto waiting =
        wait_ready(nullptr, std::min(deadline, spec_.timeouts.startup), Patience::no_backoff);
    auto instance = co_await std::move(waiting);
    if (!instance) {
        co_return std::move(instance).error();
    }
    co_return catalogue_;
}

Task<CallReply> LifecycleSlot::watch_resource(std::string uri) {
    auto waiting = wait_ready(nullptr, spec_.timeouts.startup, Patience::short_backoff);
    auto instance = co_await std::move(waiting);
    if (!instance) {
        co_return refused(std::move(instance).error());
    }
    CallReply reply;
    {
        const CountedWhile active((*instance)->calls_active);
        auto asking = (*instance)->session->watch_resource(std::move(uri), spec_.timeouts.call);
        reply = co_await std::move(asking);
    }
    reply.instance = (*instance)->id;
    last_call_ = loop_now();
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
