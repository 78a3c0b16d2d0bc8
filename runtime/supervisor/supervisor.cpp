#include "runtime/supervisor/supervisor.hpp"

#include "runtime/base/log.hpp"
#include "runtime/session/http_session.hpp"
#include "runtime/supervisor/supervisor_impl.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <unistd.h>
#include <utility>

namespace gatehouse::runtime {

namespace {

Error unknown_connector(const ConnectorName& name) {
    return Error{"GH-N404", "there is no connector '" + name.str() + "'", "", "",
                 "`gatehouse ls` shows the names"};
}

Task<CallReply> refuse_unknown(ConnectorName name) {
    CallReply reply;
    reply.failure = unknown_connector(name);
    co_return reply;
}

void record_secret(EventLog* events, const ConnectorName& connector, const SecretName& secret) {
    if (events != nullptr) {
        Event event;
        event.kind = EventKind::secret;
        event.connector = connector.str();
        event.text = "the secret '" + secret.str() + "' was set or removed";
        events->append(std::move(event));
    }
}

HttpSessionFactory real_http_sessions(const Executor& executor) {
    return [executor](HttpTarget target, HttpClientOptions client, SessionOptions options,
                      Session::Events events) -> std::unique_ptr<Session> {
        HttpConnector connector{std::move(target), std::move(client)};
        return std::make_unique<HttpSession>(executor, std::move(connector), std::move(options),
                                             std::move(events));
    };
}

} // namespace

Supervisor::Impl::Impl(Executor loop, const Clock& time, sandbox::Launcher& starter,
                       CredentialSource& secrets, LogStore& log_store,
                       SupervisorOptions supervisor_options)
    : options(std::move(supervisor_options)), logs(log_store), slots(options.cold_starts_max_count),
      uids(options.state_folder / "uids", options.first_uid),
      instance_ids(options.state_folder / "instances.next"), desired(options.desired_file),
      crashes(options.crash_folder),
      host{loop,
           time,
           starter,
           secrets,
           tasks,
           slots,
           ::geteuid() == 0 ? &uids : nullptr,
           options.state_folder,
           options.frame_max_bytes,
           options.make_http_session ? options.make_http_session : real_http_sessions(loop),
           [this] { return instance_ids.next(); },
           [this] { return std::uniform_real_distribution<double>()(random); },
           nullptr,
           options.events,
           options.crash_folder.empty() ? nullptr : &crashes},
      ended(loop), tasks(loop) {}

Connector* Supervisor::Impl::find(const ConnectorName& name) const {
    const auto found = connectors.find(name);
    return found == connectors.end() ? nullptr : found->second.get();
}

// One of the operator's verbs on the connector of that name, which may be replaced meanwhile.
Task<Result<void>> Supervisor::Impl::act(ConnectorName name, Verb verb) {
    const auto found = connectors.find(name);
    if (found == connectors.end()) {
        co_return unknown_connector(name);
    }
    const ConnectorPtr connector = found->second;
    auto acting = (connector.get()->*verb)();
    auto done = co_await std::move(acting);
    co_return done;
}

void Supervisor::Impl::record_verb(const ConnectorName& name, const char* verb) {
    if (host.events != nullptr && connectors.contains(name)) {
        Event event;
        event.kind = EventKind::verb;
        event.connector = name.str();
        event.to = verb;
        event.text = std::string("asked to ") + verb;
        host.events->append(std::move(event));
    }
}

Result<void> Supervisor::Impl::set_stopped(const ConnectorName& name, bool stopped) {
    return connectors.contains(name) ? desired.set_stopped(name, stopped) : Result<void>();
}

Supervisor::Supervisor(Executor executor, const Clock& clock, sandbox::Launcher& launcher,
                       CredentialSource& credentials, LogStore& logs,
                       std::vector<ConnectorSpec> specs, SupervisorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, launcher, credentials, logs,
                                   std::move(options))) {
    for (auto& spec : specs) {
        impl_->add(std::move(spec));
    }
}

Supervisor::~Supervisor() = default;

Task<void> Supervisor::run() {
    // Ending is stop()'s business: a cancellation here would leave processes behind.
    auto shield = asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await std::move(shield);
    impl_->begun = true;
    for (const auto& [name, connector] : impl_->connectors) {
        impl_->begin(connector, nullptr);
    }
    while (impl_->drivers_running > 0 || !impl_->stopping) {
        auto change = impl_->ended.wait_for(std::chrono::seconds(60));
        co_await std::move(change);
    }
    impl_->tasks.stop();
    auto joining = impl_->tasks.join();
    co_await std::move(joining);
}

void Supervisor::stop() {
    if (std::exchange(impl_->stopping, true)) {
        return;
    }
    for (const auto& [name, connector] : impl_->connectors) {
        connector->shut_down();
    }
    impl_->ended.notify();
}

std::vector<ConnectorStatus> Supervisor::statuses() const {
    std::vector<ConnectorStatus> rows;
    rows.reserve(impl_->connectors.size());
    for (const auto& [name, connector] : impl_->connectors) {
        rows.push_back(connector->status());
    }
    return rows;
}

std::optional<ConnectorStatus> Supervisor::status(const ConnectorName& name) const {
    const Connector* connector = impl_->find(name);
    return connector != nullptr ? std::optional(connector->status()) : std::nullopt;
}

Task<Result<void>> Supervisor::start(ConnectorName name) {
    impl_->record_verb(name, "start");
    if (auto kept = impl_->set_stopped(name, false); !kept) {
        log_error(to_text(kept.error()));
    }
    return impl_->act(std::move(name), &Connector::start);
}

// Its post-condition is also that it stays stopped when the daemon is started again.
Task<Result<void>> Supervisor::stop_connector(ConnectorName name) {
    impl_->record_verb(name, "stop");
    auto kept = impl_->set_stopped(name, true);
    auto stopping = impl_->act(std::move(name), &Connector::stop);
    auto stopped = co_await std::move(stopping);
    co_return stopped && !kept ? std::move(kept) : std::move(stopped);
}

Task<Result<void>> Supervisor::restart(ConnectorName name) {
    impl_->record_verb(name, "restart");
    if (auto kept = impl_->set_stopped(name, false); !kept) {
        log_error(to_text(kept.error()));
    }
    return impl_->act(std::move(name), &Connector::restart);
}

Task<Result<void>> Supervisor::wake(ConnectorName name) {
    impl_->record_verb(name, "wake");
    return impl_->act(std::move(name), &Connector::wake);
}

std::optional<ConnectorDetail> Supervisor::describe(const ConnectorName& name) const {
    const Connector* connector = impl_->find(name);
    if (connector == nullptr) {
        return std::nullopt;
    }
    ConnectorDetail detail = connector->detail();
    detail.crashes = impl_->crashes.list(name);
    Evidence& evidence = detail.status.evidence;
    if (!detail.crashes.empty() && evidence.health.cause) {
        evidence.last_lines = detail.crashes.front().last_lines;
    }
    return detail;
}

void Supervisor::secret_changed(const SecretName& name) {
    for (const auto& [connector_name, connector] : impl_->connectors) {
        for (const auto& credential : connector->spec().credentials) {
            if (credential.secret == name) {
                record_secret(impl_->host.events, connector_name, name);
                connector->secret_changed();
                break;
            }
        }
    }
}

bool Supervisor::contains(const ConnectorName& name) const {
    return impl_->find(name) != nullptr;
}

std::shared_ptr<const Catalogue> Supervisor::known_catalogue(const ConnectorName& name) const {
    const Connector* connector = impl_->find(name);
    return connector != nullptr ? connector->known_catalogue() : nullptr;
}

Task<Result<std::shared_ptr<const Catalogue>>>
Supervisor::catalogue(ConnectorName name, std::chrono::milliseconds deadline) {
    const SteadyTime until = loop_now() + deadline;
    for (;;) {
        const Connector* const connector = impl_->find(name);
        if (connector == nullptr) {
            co_return unknown_connector(name);
        }
        auto reading = impl_->find(name)->catalogue(left_until(until));
        auto catalogue = co_await std::move(reading);
        // Its manifest changed meanwhile: the new one is asked.
        if (catalogue || impl_->find(name) == connector || loop_now() >= until) {
            co_return catalogue;
        }
    }
}

Task<CallReply> Supervisor::call(ConnectorName name, std::shared_ptr<ConnectorCall> call) {
    const auto found = impl_->connectors.find(name);
    if (found == impl_->connectors.end()) {
        return refuse_unknown(std::move(name));
    }
    // Spared a frame: what is sent at once is drained, whatever becomes of the connector.
    return found->second->serves_now(*call)
               ? found->second->call(std::move(call))
               : impl_->call_through_changes(found->second, std::move(call));
}

std::shared_ptr<const Catalogue> Supervisor::known_catalogue(const ConnectorName& name,
                                                             const Caller& caller) const {
    const Connector* connector = impl_->find(name);
    return connector != nullptr ? connector->known_catalogue(caller) : nullptr;
}

Task<void> Supervisor::refresh(ConnectorName name, ListKind kind,
                               std::shared_ptr<const Caller> caller,
                               std::chrono::milliseconds deadline) {
    if (Connector* connector = impl_->find(name)) {
        auto reading = connector->refresh(kind, std::move(caller), deadline);
        co_await std::move(reading);
    }
}

Task<void> Supervisor::learn_own(ConnectorName name, std::shared_ptr<const Caller> caller,
                                 std::chrono::milliseconds deadline) {
    if (Connector* connector = impl_->find(name)) {
        auto learning = connector->learn_own(std::move(caller), deadline);
        co_await std::move(learning);
    }
}

Task<CallReply> Supervisor::watch_resource(ConnectorName name, std::shared_ptr<const Caller> caller,
                                           std::string uri) {
    Connector* connector = impl_->find(name);
    return connector != nullptr ? connector->watch_resource(std::move(caller), std::move(uri))
                                : refuse_unknown(std::move(name));
}

void Supervisor::unwatch_resource(const ConnectorName& name, const Caller& caller,
                                  const std::string& uri) {
    if (Connector* connector = impl_->find(name)) {
        connector->unwatch_resource(caller, uri);
    }
}

void Supervisor::session_ended(const std::string& session) {
    for (const auto& [name, connector] : impl_->connectors) {
        connector->session_ended(session);
    }
}

void Supervisor::roots_changed(const Caller& caller) {
    for (const auto& [name, connector] : impl_->connectors) {
        connector->roots_changed(caller);
    }
}

void Supervisor::set_observer(ConnectorObserver* observer) {
    impl_->host.observer = observer;
}

bool Supervisor::validates_arguments(const ConnectorName& name) const {
    const Connector* connector = impl_->find(name);
    return connector != nullptr && connector->spec().validate;
}

std::chrono::milliseconds Supervisor::call_timeout(const ConnectorName& name) const {
    const Connector* connector = impl_->find(name);
    return connector != nullptr ? connector->spec().timeouts.call : TimeoutSpec{}.call;
}

std::vector<SecretName> Supervisor::required_secrets(const ConnectorName& name) const {
    std::vector<SecretName> names;
    if (const Connector* connector = impl_->find(name)) {
        for (const auto& credential : connector->spec().credentials) {
            names.push_back(credential.secret);
        }
    }
    return names;
}

} // namespace gatehouse::runtime
