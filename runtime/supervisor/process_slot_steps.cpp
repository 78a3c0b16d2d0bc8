// The actions of the lifecycle: each one does its part and returns the event that ends it.
#include "runtime/session/stdio_session.hpp"
#include "runtime/supervisor/plan_maker.hpp"
#include "runtime/supervisor/process_slot.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr seconds slot_max_wait{30};
constexpr seconds launch_deadline{10}; // exec is reported within milliseconds on an idle machine

std::string milliseconds_text(SteadyTime::duration duration) {
    return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count()) + " ms";
}

Error secret_error(Error cause, const CredentialSpec& credential) {
    if (cause.code == "GH-A102") {
        cause.what = "the secret '" + credential.secret.str() + "' is not set";
        cause.where = "credentials[" + credential.name + "]";
        cause.action = "run `gatehouse secret set " + credential.secret.str() + "`";
    }
    return cause;
}

} // namespace

Task<std::optional<LifecycleEvent>> ProcessSlot::perform(LifecycleAction action) {
    Task<LifecycleEvent> step;
    switch (action) {
    case LifecycleAction::rest:
    case LifecycleAction::watch_tree: {
        auto quiet = action == LifecycleAction::rest ? rest() : watch_tree();
        auto event = co_await std::move(quiet);
        co_return event;
    }
    case LifecycleAction::prepare:
        co_return prepare();
    case LifecycleAction::take_slot:
        step = take_slot();
        break;
    case LifecycleAction::launch:
        step = launch();
        break;
    case LifecycleAction::shake_hands:
        step = shake_hands();
        break;
    case LifecycleAction::serve:
        step = serve();
        break;
    case LifecycleAction::drain:
        step = drain();
        break;
    case LifecycleAction::close_stdin:
        step = close_stdin();
        break;
    case LifecycleAction::send_term:
        step = send_term();
        break;
    case LifecycleAction::kill_tree:
        step = kill_tree();
        break;
    case LifecycleAction::classify:
        step = classify();
        break;
    case LifecycleAction::wait_backoff:
        step = wait_backoff();
        break;
    }
    const LifecycleEvent event = co_await std::move(step);
    co_return event;
}

Task<LifecycleEvent> ProcessSlot::take_slot() {
    const auto ticket = host_.slots.request([this] {
        slot_held_ = true;
        changed_.notify();
    });
    const SteadyTime deadline = loop_now() + slot_max_wait;
    while (!slot_held_ && !stop_asked() && loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    if (!slot_held_) {
        host_.slots.withdraw(ticket);
    }
    if (stop_asked()) {
        co_return LifecycleEvent::stop_asked;
    }
    if (slot_held_) {
        co_return LifecycleEvent::slot_granted;
    }
    last_failure_ = Error{"GH-R702", "too many connectors start at the same time", spec_.name.str(),
                          "", "it is tried again by itself"};
    next_attempt_ = loop_now() + spec_.restart.initial;
    co_return LifecycleEvent::slot_timeout;
}

LifecycleEvent ProcessSlot::prepare() {
    if (stop_asked()) {
        return LifecycleEvent::stop_asked;
    }
    auto plan = make_launch_plan();
    if (plan) {
        plan_ = std::move(*plan);
        return LifecycleEvent::prepared;
    }
    last_failure_ = plan.error();
    tell("cannot start: " + to_text(*last_failure_));
    return LifecycleEvent::input_wrong;
}

Result<sandbox::LaunchPlan> ProcessSlot::make_launch_plan() {
    PlanInputs inputs;
    std::vector<std::string> masked;
    for (const auto& credential : spec_.credentials) {
        auto secret = host_.credentials.shared_secret(credential.secret);
        if (!secret) {
            return secret_error(std::move(secret).error(), credential);
        }
        masked.emplace_back(secret->reveal());
        inputs.secret_env.emplace_back(credential.env, std::move(*secret));
    }
    if (log_ != nullptr) {
        log_->set_secrets(std::move(masked));
    }
    if (host_.uids != nullptr) {
        auto uid = host_.uids->uid_for(spec_.name);
        if (!uid) {
            return std::move(uid).error();
        }
        inputs.uid = *uid;
    }
    inputs.state_folder = host_.state_folder;
    return make_plan(spec_, std::move(inputs));
}

Task<LifecycleEvent> ProcessSlot::launch() {
    launch_error_.reset();
    auto plan = std::move(*plan_);
    plan_.reset();
    auto launching = host_.launcher.launch(std::move(plan), launch_deadline);
    auto child = co_await std::move(launching);
    if (!child) {
        launch_error_ = std::move(child).error();
        co_return LifecycleEvent::launch_failed;
    }
    begin_instance(std::move(*child));
    co_return LifecycleEvent::launched;
}

void ProcessSlot::begin_instance(std::unique_ptr<sandbox::ChildProcess> child) {
    auto instance = std::make_shared<Instance>();
    instance->id = host_.next_instance_id();
    instance->started = loop_now();
    instance->started_at = host_.clock.wall_now();
    instance->child = std::move(child);
    SessionOptions options;
    options.concurrency = spec_.concurrency;
    options.frame_max_bytes = host_.frame_max_bytes;
    instance->session = std::make_unique<StdioSession>(
        host_.executor, instance->child->take_stdin(), instance->child->take_stdout(), options,
        session_events(instance));
    const InstanceId id = instance->id;
    instance->stderr_capture = std::make_unique<StderrCapture>(
        host_.executor, instance->child->take_stderr(),
        [this, id](const std::string& line) { log_line(LogStream::standard_error, id, line); });
    instance->readers_running = 2;
    instance_ = instance;
    tell("launched: " + spec_.command.front());
    host_.tasks.spawn("child of " + spec_.name.str(), watch_child(instance));
    host_.tasks.spawn("session of " + spec_.name.str(), run_session(instance));
    host_.tasks.spawn("stderr of " + spec_.name.str(), run_stderr(instance));
}

Task<LifecycleEvent> ProcessSlot::shake_hands() {
    const std::shared_ptr<Instance> instance = instance_;
    host_.tasks.spawn("handshake of " + spec_.name.str(), run_handshake(instance));
    // The handshake has its own deadline; this one is there in case it overruns it.
    const SteadyTime deadline = loop_now() + spec_.timeouts.startup + seconds(5);
    while (!instance->handshake && !instance->outcome && !stop_asked() && loop_now() < deadline) {
        auto change = changed_.wait_for(left_until(deadline));
        co_await std::move(change);
    }
    if (instance->outcome) {
        co_return LifecycleEvent::tree_gone;
    }
    if (stop_asked()) {
        co_return LifecycleEvent::stop_asked;
    }
    if (instance->handshake && instance->handshake->has_value()) {
        co_return became_ready();
    }
    co_return start_failed(instance->handshake
                               ? instance->handshake->error()
                               : Error{"GH-P306", "the connector is not ready in time",
                                       spec_.name.str(), "no answer to initialize", ""});
}

LifecycleEvent ProcessSlot::became_ready() {
    const SteadyTime now = loop_now();
    catalogue_ = std::make_shared<const Catalogue>(std::move(instance_->handshake->value()));
    instance_->ready_since = now;
    last_call_ = now;
    tell("ready with " + std::to_string(catalogue_->tools.size()) + " tools in " +
         milliseconds_text(now - instance_->started));
    return LifecycleEvent::handshake_done;
}

LifecycleEvent ProcessSlot::start_failed(Error why) {
    tell("start failed: " + to_text(why));
    if (instance_->session_end) {
        // Its exit, which is on its way, says more than the end of its stdout.
        stop_reason_ = StopReason::stdout_closed;
        return LifecycleEvent::handshake_failed;
    }
    stop_reason_ = StopReason::startup_failed;
    if (why.action.empty()) {
        why.action = "read its last lines with `gatehouse logs " + spec_.name.str() + "`";
    }
    reason_error_ = std::move(why);
    return LifecycleEvent::handshake_failed;
}

Task<LifecycleEvent> ProcessSlot::serve() {
    const std::shared_ptr<Instance> instance = instance_;
    for (;;) {
        if (instance->outcome) {
            co_return LifecycleEvent::tree_gone;
        }
        if (instance->session_end) {
            stop_reason_ = StopReason::stdout_closed;
            co_return LifecycleEvent::session_ended;
        }
        if (stop_asked()) {
            co_return LifecycleEvent::stop_asked;
        }
        const bool sleepy = spec_.instances.min == 0 && instance->calls_active == 0;
        const SteadyTime idle_at = last_call_ + spec_.instances.idle_after;
        if (sleepy && loop_now() >= idle_at) {
            tell("stops: no calls for its idle time");
            stop_reason_ = StopReason::idle;
            co_return LifecycleEvent::stop_asked;
        }
        if (instance->catalogue_stale && !instance->refreshing) {
            host_.tasks.spawn("catalogue of " + spec_.name.str(), refresh_catalogue(instance));
        }
        const auto wait = sleepy ? std::min<milliseconds>(left_until(idle_at), seconds(60))
                                 : milliseconds(seconds(60));
        auto change = changed_.wait_for(wait);
        co_await std::move(change);
    }
}

Task<LifecycleEvent> ProcessSlot::wait_backoff() {
    while (loop_now() < next_attempt_) {
        if (shutting_down_ || off_) {
            co_return LifecycleEvent::stop_asked;
        }
        if (start_wanted_) {
            co_return LifecycleEvent::start_asked;
        }
        auto change = changed_.wait_for(left_until(next_attempt_));
        co_await std::move(change);
    }
    co_return shutting_down_ || off_ ? LifecycleEvent::stop_asked : LifecycleEvent::backoff_elapsed;
}

Task<std::optional<LifecycleEvent>> ProcessSlot::rest() {
    while (!shutting_down_) {
        if (std::exchange(start_wanted_, false)) {
            co_return LifecycleEvent::start_asked;
        }
        if (std::exchange(idle_wanted_, false) && state_ != InstanceState::idle && !off_) {
            co_return LifecycleEvent::rest_idle;
        }
        if (off_ && state_ != InstanceState::stopped) {
            co_return LifecycleEvent::stop_asked;
        }
        auto change = changed_.wait_for(seconds(60));
        co_await std::move(change);
    }
    co_return std::nullopt;
}

} // namespace gatehouse::runtime
