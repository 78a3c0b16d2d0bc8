#include "runtime/supervisor/remote_slot.hpp"

#include "runtime/supervisor/launch_secrets.hpp"

#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

// For the request that ends the session over there; the server forgets it by itself otherwise.
constexpr seconds goodbye_max_wait{2};

} // namespace

RemoteSlot::~RemoteSlot() = default;

Result<void> RemoteSlot::prepare_launch() {
    auto target = parse_http_target(spec().remote.url);
    if (!target) {
        return std::move(target).error();
    }
    target->allow_private = spec().remote.allow_private;
    target->ca_file = spec().remote.ca_file.string();
    auto secrets = fetch_secrets(spec(), host().credentials, connector_log());
    if (!secrets) {
        return std::move(secrets).error();
    }
    target_ = std::move(*target);
    headers_ = std::move(secrets->headers);
    return {};
}

Task<Result<void>> RemoteSlot::launch_instance() {
    const auto instance = new_instance();
    HttpClientOptions client;
    client.secret_headers = std::move(headers_);
    SessionOptions options = session_options(*instance);
    options.elsewhere = true;
    instance->session = host().make_http_session(*target_, std::move(client), std::move(options),
                                                 session_events(instance));
    adopt(instance);
    co_return Result<void>();
}

void RemoteSlot::end_politely(Instance& instance) {
    instance.session->stop();
}

milliseconds RemoteSlot::polite_wait() const {
    return goodbye_max_wait;
}

void RemoteSlot::terminate(Instance& instance) {
    instance.session->stop();
}

void RemoteSlot::kill(Instance& instance) {
    instance.session->stop();
}

EndClass RemoteSlot::judge_end(const Instance& instance, const EndContext& context) const {
    return classify_session_end(*instance.session_end, context);
}

std::string RemoteSlot::end_text(const Instance& instance) const {
    return instance.session_end->what;
}

ExitEvidence RemoteSlot::exit_of(const Instance& instance) const {
    ExitEvidence exit;
    exit.result = "session_ended";
    exit.uptime = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() -
                                                           instance.started);
    return exit;
}

// What is silent is elsewhere: there is nothing here that could be at fault.
Error RemoteSlot::silence_error(const Instance& instance) const {
    Error error = *instance.liveness.facts().last_error;
    error.code = "GH-D204";
    error.what = "the server does not answer any more";
    error.where = target_->shown();
    error.action = "ask who runs it; it is tried again by itself";
    return error;
}

std::string RemoteSlot::what() const {
    return "connects to " + target_->shown();
}

} // namespace gatehouse::runtime
