// Connectors that come, change and go while the daemon runs.
#include "runtime/base/log.hpp"
#include "runtime/supervisor/supervisor_impl.hpp"
#include "runtime/supervisor/wait_time.hpp"

#include <algorithm>
#include <utility>

namespace gatehouse::runtime {

namespace {

using std::chrono::seconds;

constexpr seconds gone_wait_beyond{30};       // besides the drain and the stop of the manifest
constexpr std::chrono::minutes gone_kept{10}; // nothing that waits in it waits for so long

// A credential that a connector writes is masked before it reaches the disk; that it was written is
// news all the same. The log and the events outlive the supervisor.
void report_secrets_seen(const ConnectorName& name, ConnectorLog& log, EventLog* events) {
    log.set_on_secret_seen([name, &log, events](LogStream stream, const LogContext& context) {
        const Error cause{"GH-S603", "a credential was seen in the output of the connector",
                          to_text(stream), "it wrote one of the secrets it was given",
                          "stop it from logging the credential, then rotate the secret"};
        log.append(LogStream::supervisor, context, "warning: " + to_text(cause));
        if (events != nullptr) {
            Event event;
            event.kind = EventKind::secret;
            event.connector = name.str();
            event.instance = context.instance;
            event.to = "seen";
            event.cause = cause;
            event.text = "one of its secrets was in its output and was masked";
            events->append(std::move(event));
        }
    });
}

} // namespace

ConnectorLog* Supervisor::Impl::open_log(const ConnectorSpec& spec) {
    const bool block = spec.log_backpressure == LogBackpressure::block;
    const LogPressure pressure = block ? LogPressure::block : LogPressure::drop;
    auto log = logs.open(spec.name, spec.log_max_bytes, pressure);
    if (!log) {
        // Without its log a connector still serves; the daemon's own log says what is missing.
        log_error(to_text(log.error()));
        return nullptr;
    }
    // It may be open since an earlier manifest, with that one's settings.
    logs.configure(spec.name, spec.log_max_bytes, pressure);
    report_secrets_seen(spec.name, **log, host.events);
    return *log;
}

void Supervisor::Impl::add(ConnectorSpec spec) {
    ConnectorLog* log = open_log(spec);
    const ConnectorName name = spec.name;
    const auto connector = std::make_shared<Connector>(host, std::move(spec), log);
    if (desired.stopped(name)) {
        connector->begin_stopped();
    }
    connectors.insert_or_assign(name, connector);
}

void Supervisor::Impl::begin(const ConnectorPtr& connector, ConnectorPtr before) {
    ++drivers_running;
    tasks.spawn("connector " + connector->spec().name.str(), drive(connector, std::move(before)));
}

// Two instances by two manifests would meet each other's files: one ends before the other begins.
Task<void> Supervisor::Impl::drive(ConnectorPtr connector, ConnectorPtr before) {
    while (before && !before->ended()) {
        auto change = ended.wait_for(seconds(60));
        co_await std::move(change);
    }
    before.reset();
    auto running = connector->run();
    co_await std::move(running);
    --drivers_running;
    ended.notify();
}

Supervisor::Impl::ConnectorPtr Supervisor::Impl::take_out(const ConnectorName& name) {
    const auto found = connectors.find(name);
    ConnectorPtr connector = found->second;
    connectors.erase(found);
    connector->shut_down();
    gone.push_back({connector, loop_now()});
    return connector;
}

// The last one of that name that was taken out, if it has not ended yet.
Supervisor::Impl::ConnectorPtr Supervisor::Impl::still_ending(const ConnectorName& name) const {
    for (auto each = gone.rbegin(); each != gone.rend(); ++each) {
        if (each->connector->spec().name == name) {
            return each->connector->ended() ? nullptr : each->connector;
        }
    }
    return nullptr;
}

void Supervisor::Impl::replace(ConnectorSpec spec) {
    const ConnectorName name = spec.name;
    ConnectorPtr before = take_out(name);
    add(std::move(spec));
    const ConnectorPtr connector = connectors.at(name);
    connector->inherit(*before);
    if (begun) {
        begin(connector, std::move(before));
    }
}

Task<CallReply> Supervisor::Impl::call_through_changes(ConnectorPtr connector,
                                                       std::shared_ptr<ConnectorCall> call) {
    const ConnectorName name = connector->spec().name;
    const SteadyTime until = loop_now() + call->deadline;
    for (;;) {
        auto calling = connector->call(call);
        CallReply reply = co_await std::move(calling);
        const auto now = connectors.find(name);
        const bool replaced = now != connectors.end() && now->second != connector;
        const auto left = left_until(until);
        if (!replaced || reply.end != CallEnd::never_sent || stopping || left.count() == 0) {
            co_return reply;
        }
        call->deadline = left;
        connector = now->second;
    }
}

Task<void> Supervisor::Impl::until_gone(std::vector<ConnectorPtr> going) {
    SteadyTime deadline = loop_now();
    for (const ConnectorPtr& connector : going) {
        const TimeoutSpec& timeouts = connector->spec().timeouts;
        deadline =
            std::max(deadline, loop_now() + timeouts.drain + timeouts.stop + gone_wait_beyond);
    }
    const auto gone_all = [&] {
        return std::ranges::all_of(going, [](const auto& each) { return each->ended(); });
    };
    while (begun && !gone_all() && loop_now() < deadline) {
        auto change = ended.wait_for(left_until(deadline));
        co_await std::move(change);
    }
}

void Supervisor::Impl::forget_long_gone() {
    std::erase_if(gone, [](const Gone& each) {
        const bool rests = each.connector->ended() && !each.connector->stuck();
        return rests &&
               loop_now() - each.since >= gone_kept + each.connector->spec().timeouts.drain;
    });
}

void Supervisor::Impl::record_config(const ConnectorName& name, const char* what) {
    log_info("connector " + name.str() + ": its manifest was " + what);
    if (host.events != nullptr) {
        Event event;
        event.kind = EventKind::config;
        event.connector = name.str();
        event.to = what;
        event.text = std::string("its manifest was ") + what;
        host.events->append(std::move(event));
    }
}

Task<ApplyReport> Supervisor::apply(std::vector<ConnectorSpec> specs) {
    ApplyReport report;
    if (impl_->stopping) {
        co_return report;
    }
    impl_->forget_long_gone();
    std::map<ConnectorName, ConnectorSpec> wanted;
    for (auto& spec : specs) {
        const ConnectorName name = spec.name;
        wanted.insert_or_assign(name, std::move(spec));
    }
    for (const auto& [name, connector] : impl_->connectors) {
        if (!wanted.contains(name)) {
            report.removed.push_back(name);
        }
    }
    std::vector<Impl::ConnectorPtr> going;
    for (const ConnectorName& name : report.removed) {
        going.push_back(impl_->take_out(name));
        impl_->record_config(name, "removed");
    }
    for (auto& [name, spec] : wanted) {
        Connector* const now = impl_->find(name);
        if (now != nullptr && now->spec() == spec) {
            report.unchanged.push_back(name);
            now->inputs_changed();
        } else if (now != nullptr) {
            report.changed.push_back(name);
            impl_->replace(std::move(spec));
            impl_->record_config(name, "changed");
        } else {
            report.added.push_back(name);
            impl_->add(std::move(spec));
            if (impl_->begun) {
                impl_->begin(impl_->connectors.at(name), impl_->still_ending(name));
            }
            impl_->record_config(name, "added");
        }
    }
    auto waiting = impl_->until_gone(std::move(going));
    co_await std::move(waiting);
    co_return report;
}

} // namespace gatehouse::runtime
