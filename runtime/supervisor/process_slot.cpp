#include "runtime/supervisor/process_slot.hpp"

#include "runtime/session/stdio_session.hpp"
#include "runtime/supervisor/plan_maker.hpp"

#include <csignal>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr seconds exec_max_wait{10}; // exec is reported within milliseconds on an idle machine
constexpr seconds eof_max_wait{5};

Error unset_secret_error(Error cause, const CredentialSpec& credential) {
    if (cause.code == "GH-A102") {
        cause.what = "the secret '" + credential.secret.str() + "' is not set";
        cause.where = "credentials[" + credential.name + "]";
        cause.action = "run `gatehouse secret set " + credential.secret.str() + "`";
    }
    return cause;
}

} // namespace

ProcessSlot::~ProcessSlot() = default;

Result<void> ProcessSlot::prepare_launch() {
    auto plan = make_launch_plan();
    if (!plan) {
        return std::move(plan).error();
    }
    plan_ = std::move(*plan);
    return {};
}

Result<sandbox::LaunchPlan> ProcessSlot::make_launch_plan() {
    PlanInputs inputs;
    std::vector<std::string> masked;
    for (const auto& credential : spec().credentials) {
        auto secret = host().credentials.shared_secret(credential.secret);
        if (!secret) {
            return unset_secret_error(std::move(secret).error(), credential);
        }
        masked.emplace_back(secret->reveal());
        inputs.secret_env.emplace_back(credential.env, std::move(*secret));
    }
    if (connector_log() != nullptr) {
        connector_log()->set_secrets(std::move(masked));
    }
    inputs.member_folder = options().member_folder;
    if (host().uids != nullptr) {
        auto uid = host().uids->uid_for(spec().name, options().member_folder);
        if (!uid) {
            return std::move(uid).error();
        }
        inputs.uid = *uid;
    }
    inputs.state_folder = host().state_folder;
    return make_plan(spec(), std::move(inputs));
}

Task<Result<void>> ProcessSlot::launch_instance() {
    auto plan = std::move(*plan_);
    plan_.reset();
    auto launching = host().launcher.launch(std::move(plan), exec_max_wait);
    auto child = co_await std::move(launching);
    if (!child) {
        co_return std::move(child).error();
    }
    begin_instance(std::move(*child));
    co_return Result<void>();
}

void ProcessSlot::begin_instance(std::unique_ptr<sandbox::ChildProcess> child) {
    const auto instance = new_instance();
    instance->child = std::move(child);
    instance->session = std::make_unique<StdioSession>(
        host().executor, instance->child->take_stdin(), instance->child->take_stdout(),
        session_options(*instance), session_events(instance));
    const InstanceId id = instance->id;
    instance->stderr_capture = std::make_unique<StderrCapture>(
        host().executor, instance->child->take_stderr(),
        [this, id](const std::string& line) { log_line(LogStream::standard_error, id, line); });
    ++instance->readers_running;
    adopt(instance);
    beside("child of ", watch_child(instance));
    beside("stderr of ", run_capture(instance, *instance->stderr_capture));
}

Task<void> ProcessSlot::watch_child(std::shared_ptr<Instance> instance) {
    auto waiting = instance->child->wait();
    const sandbox::Outcome outcome = co_await std::move(waiting);
    instance->outcome = outcome;
    instance->gone = true;
    changed();
}

milliseconds ProcessSlot::polite_wait() const {
    return eof_max_wait;
}

void ProcessSlot::terminate(Instance& instance) {
    instance.child->signal(SIGTERM);
}

void ProcessSlot::kill(Instance& instance) {
    instance.child->kill_tree();
}

EndClass ProcessSlot::judge_end(const Instance& instance, const EndContext& context) const {
    return classify_end(*instance.outcome, context);
}

std::string ProcessSlot::end_text(const Instance& instance) const {
    return to_text(*instance.outcome);
}

std::string ProcessSlot::what() const {
    return spec().command.front();
}

} // namespace gatehouse::runtime
