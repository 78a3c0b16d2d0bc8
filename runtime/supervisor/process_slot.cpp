#include "runtime/supervisor/process_slot.hpp"

#include "runtime/session/stdio_session.hpp"
#include "runtime/supervisor/launch_secrets.hpp"
#include "runtime/supervisor/plan_maker.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr seconds exec_max_wait{10}; // exec is reported within milliseconds on an idle machine
constexpr seconds eof_max_wait{5};
constexpr seconds goodbye_wait{2}; // for the request that ends a session over HTTP
constexpr seconds dial_max_wait{5};
constexpr milliseconds listen_poll_shortest{20};
constexpr milliseconds listen_poll_longest{500};

Error not_connected_error() {
    return Error{"GH-P315", "the connector has ended", "", "", ""};
}

// The connections of a session over HTTP are made inside of the connector's sandbox.
Task<Result<UniqueFd>> dial_child(std::weak_ptr<Instance> weak, std::uint16_t port) {
    const auto instance = weak.lock();
    if (!instance || instance->gone) {
        co_return not_connected_error();
    }
    auto dialling = instance->child->dial(port, dial_max_wait);
    auto socket = co_await std::move(dialling);
    co_return socket;
}

} // namespace

ProcessSlot::~ProcessSlot() = default;

Result<void> ProcessSlot::prepare_launch() {
    auto secrets = fetch_secrets(spec(), host().credentials, connector_log());
    if (!secrets) {
        return std::move(secrets).error();
    }
    PlanInputs inputs;
    inputs.secret_env = std::move(secrets->env);
    inputs.member_folder = options().member_folder;
    if (host().uids != nullptr) {
        auto uid = host().uids->uid_for(spec().name, options().member_folder);
        if (!uid) {
            return std::move(uid).error();
        }
        inputs.uid = *uid;
    }
    inputs.state_folder = host().state_folder;
    plan_ = make_plan(spec(), std::move(inputs));
    headers_ = std::move(secrets->headers);
    return {};
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

std::unique_ptr<StderrCapture> ProcessSlot::capture_lines(UniqueFd pipe, InstanceId id) {
    CaptureHandlers handlers;
    handlers.on_lines = [this, id](std::span<const LogLine> lines) {
        // Of a flood the first lines of each batch are looked at: hints repeat themselves.
        constexpr std::size_t noted_max_count = 32;
        for (const LogLine& line : lines.first(std::min(lines.size(), noted_max_count))) {
            note_output(id, line.text);
        }
        if (ConnectorLog* log = connector_log(); log != nullptr) {
            log->append_lines(LogStream::standard_error, log_context(id), lines);
            note_dropped();
        }
    };
    if (ConnectorLog* log = connector_log(); log != nullptr) {
        handlers.on_skipped = [this, log, id](const SkippedLines& skipped) {
            log->count_dropped(log_context(id), skipped.lines, skipped.bytes);
            note_dropped();
        };
        handlers.advise = [log, id] { return log->advise(LogStream::standard_error, id); };
        handlers.hold_back = [log](std::string_view text) { return log->hold_back(text); };
    }
    return std::make_unique<StderrCapture>(host().executor, std::move(pipe), std::move(handlers));
}

void ProcessSlot::begin_instance(std::unique_ptr<sandbox::ChildProcess> child) {
    const auto instance = new_instance();
    instance->child = std::move(child);
    instance->stderr_capture = capture_lines(instance->child->take_stderr(), instance->id);
    ++instance->readers_running;
    begin_session(instance);
    adopt(instance);
    beside("child of ", watch_child(instance));
    beside("stderr of ", run_capture(instance, *instance->stderr_capture));
    if (instance->stdout_capture) {
        ++instance->readers_running;
        beside("stdout of ", run_capture(instance, *instance->stdout_capture));
    }
}

void ProcessSlot::begin_session(const std::shared_ptr<Instance>& instance) {
    if (!over_http()) {
        instance->session = std::make_unique<StdioSession>(
            host().executor, instance->child->take_stdin(), instance->child->take_stdout(),
            session_options(*instance), session_events(instance));
        return;
    }
    instance->stdout_capture = capture_lines(instance->child->take_stdout(), instance->id);
    HttpTarget target;
    target.host = "localhost"; // what servers that check the Host header let pass
    target.port = spec().http.port;
    target.path = spec().http.path;
    const std::weak_ptr<Instance> weak = instance;
    target.dial = [weak, port = target.port] { return dial_child(weak, port); };
    HttpClientOptions client;
    client.secret_headers = std::move(headers_);
    instance->session = host().make_http_session(
        std::move(target), std::move(client), session_options(*instance), session_events(instance));
}

// A process is there before it listens.
Task<Result<void>> ProcessSlot::reach(std::shared_ptr<Instance> instance, milliseconds max) {
    const SteadyTime deadline = loop_now() + max;
    milliseconds pause = listen_poll_shortest;
    while (over_http()) {
        auto dialling = instance->child->dial(
            spec().http.port, std::min<milliseconds>(left_until(deadline), dial_max_wait));
        auto socket = co_await std::move(dialling);
        if (socket) {
            break;
        }
        const bool waits = socket.error().code == "GH-P313" || socket.error().code == "GH-P314" ||
                           socket.error().code == "GH-P316";
        if (!waits || instance->gone) {
            co_return std::move(socket).error();
        }
        if (loop_now() + pause >= deadline) {
            co_return Error{"GH-P306", "the connector does not listen in time", spec().name.str(),
                            "nothing listens on port " + std::to_string(spec().http.port) +
                                " of its loopback",
                            "check run.http.port in its manifest and that it listens on 127.0.0.1"};
        }
        auto waiting = wait_for_change(pause);
        co_await std::move(waiting);
        pause = std::min(pause * 2, listen_poll_longest);
    }
    co_return Result<void>();
}

Task<void> ProcessSlot::watch_child(std::shared_ptr<Instance> instance) {
    auto waiting = instance->child->wait();
    const sandbox::Outcome outcome = co_await std::move(waiting);
    instance->outcome = outcome;
    instance->gone = true;
    if (over_http()) {
        // Its pipes end by themselves; a session over HTTP is not told.
        instance->session->stop();
    }
    changed();
}

// A session over HTTP says goodbye while it ends; its process is told by a signal, after that.
void ProcessSlot::end_politely(Instance& instance) {
    if (over_http()) {
        instance.session->stop();
    } else {
        instance.session->close_stdin();
    }
}

milliseconds ProcessSlot::polite_wait() const {
    return over_http() ? goodbye_wait : eof_max_wait;
}

bool ProcessSlot::polite_end_done(const Instance& instance) const {
    return over_http() && instance.session_end.has_value();
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

ExitEvidence ProcessSlot::exit_of(const Instance& instance) const {
    const auto uptime = loop_now() - instance.started;
    ExitEvidence exit =
        exit_evidence(*instance.outcome, std::chrono::duration_cast<milliseconds>(uptime));
    if (exit.memory_max_bytes == 0) {
        exit.memory_max_bytes = spec().sandbox.limits.memory_bytes;
    }
    return exit;
}

Error ProcessSlot::silence_error(const Instance& instance) const {
    Error error = *instance.liveness.facts().last_error;
    error.what = "the connector did not answer any more and was killed";
    error.where = spec().name.str();
    return error;
}

std::string ProcessSlot::what() const {
    return "launched: " + spec().command.front();
}

} // namespace gatehouse::runtime
