#include "gateway/app_reload.hpp"

#include "runtime/base/log.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace gatehouse::gateway {

namespace {

constexpr auto busy_look_interval = std::chrono::milliseconds(50);

std::vector<std::string> names_of(const std::vector<ConnectorName>& names) {
    std::vector<std::string> texts;
    for (const ConnectorName& name : names) {
        texts.push_back(name.str());
    }
    std::ranges::sort(texts);
    return texts;
}

void add_names(std::string& text, std::string_view label, const std::vector<std::string>& names) {
    if (names.empty()) {
        return;
    }
    text += text.empty() ? "" : "; ";
    text += label;
    for (std::size_t i = 0; i < names.size(); ++i) {
        text += (i == 0 ? " " : ", ") + names[i];
    }
}

Error refused_configuration(const std::filesystem::path& file, const runtime::Issues& issues) {
    Error error{"GH-C533", "the changed configuration is refused, and nothing was changed",
                file.string(), "",
                "Mend what is named, check with `gatehouse validate`, and reload"};
    for (const runtime::Issue& issue : issues) {
        error.why += (error.why.empty() ? "" : "\n") + to_text(issue);
    }
    return error;
}

// The member keeps what runs; if the file says something else, a note says so.
template <class Value>
void keep_member(const Value& running, Value& next, const char* name,
                 std::vector<std::string>& notes) {
    if (!(running == next)) {
        notes.push_back(std::string(name) + " takes effect when the daemon is restarted");
        next = running;
    }
}

} // namespace

class DaemonReloader::Busy {
  public:
    explicit Busy(DaemonReloader& owner) : owner_(owner) {
        owner_.busy_ = true;
        owner_.parts_.service.reloading();
    }
    ~Busy() {
        owner_.busy_ = false;
        owner_.parts_.service.ready();
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

  private:
    DaemonReloader& owner_;
};

std::vector<std::string> keep_until_restart(const GatewayConfig& running, GatewayConfig& next) {
    std::vector<std::string> notes;
    const bool same_listener =
        running.listen_host == next.listen_host && running.listen_port == next.listen_port;
    if (!same_listener) {
        notes.emplace_back("listen.client takes effect when the daemon is restarted");
        next.listen_host = running.listen_host;
        next.listen_port = running.listen_port;
    }
    keep_member(running.admin_socket, next.admin_socket, "listen.admin", notes);
    keep_member(running.data, next.data, "data", notes);
    keep_member(running.vault_key, next.vault_key, "vault.key", notes);
    keep_member(running.durability, next.durability, "audit.durability", notes);
    keep_member(running.limits, next.limits, "limits", notes);
    keep_member(running.logs, next.logs, "logs", notes);
    return notes;
}

Task<Result<ReloadReport>> DaemonReloader::reload() {
    if (busy_) {
        co_return Error{"GH-N409", "a reload is under way", parts_.running.file.string(), "",
                        "Wait until it has ended, and reload again"};
    }
    const Busy busy(*this);
    auto applying = load_and_apply();
    auto report = co_await std::move(applying);
    co_return report;
}

Task<void> DaemonReloader::reload_on_signal() {
    JournalRecord record;
    record.kind = RecordKind::daemon;
    record.principal = "signal:SIGHUP";
    record.action = "reload";
    record.target = parts_.running.file.string();
    auto announcing = parts_.journal.append(record);
    const auto announced = co_await std::move(announcing);
    if (!announced) {
        log_error("nothing was reloaded: " + to_text(announced.error()));
        co_return;
    }
    if (std::exchange(waiting_, true)) {
        co_return; // what changed up to now is read by the one that waits
    }
    while (busy_) {
        asio::steady_timer timer(parts_.executor, busy_look_interval);
        boost::system::error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await timer.async_wait(token);
    }
    waiting_ = false;
    auto reloading = reload();
    const auto report = co_await std::move(reloading);
    if (!report) {
        log_error(to_text(report.error()));
        record.outcome = "failed";
        record.reason = report.error().code;
        parts_.journal.append_later(record);
    }
}

Task<Result<ReloadReport>> DaemonReloader::load_and_apply() {
    auto loaded = load_config(parts_.running.file);
    if (const auto* issues = std::get_if<runtime::Issues>(&loaded)) {
        co_return refuse(refused_configuration(parts_.running.file, *issues));
    }
    auto& config = std::get<LoadedConfig>(loaded);
    auto policy = Policy::compile(config.gateway.policy);
    if (!policy) {
        co_return refuse(std::move(policy).error());
    }
    auto applying = apply(std::move(config), std::move(*policy));
    auto report = co_await std::move(applying);
    co_return report;
}

// Up to the first wait, which comes when the supervisor has taken all connectors in, no request is
// looked at: none meets a half of the old and a half of the new.
Task<ReloadReport> DaemonReloader::apply(LoadedConfig loaded, Policy policy) {
    GatewayConfig& next = loaded.gateway;
    ReloadReport report;
    report.notes = keep_until_restart(parts_.running, next);
    const bool policy_changed = !(next.policy == parts_.running.policy);
    if (policy_changed) {
        parts_.policy.replace(std::move(policy));
    }
    const bool hosts_changed = next.public_url != parts_.running.public_url ||
                               next.allowed_hosts != parts_.running.allowed_hosts;
    const VirtualServerChanges servers = parts_.endpoint.reconfigure(next);
    if (policy_changed) {
        parts_.endpoint.tell_lists_changed();
    }
    parts_.running = std::move(next);
    parts_.on_applied();
    auto applying = parts_.supervisor.apply(std::move(loaded.connectors));
    const runtime::ApplyReport applied = co_await std::move(applying);
    report.added = names_of(applied.added);
    report.changed = names_of(applied.changed);
    report.removed = names_of(applied.removed);
    report.unchanged = names_of(applied.unchanged);
    record(report, servers, {policy_changed, hosts_changed});
    co_return report;
}

void DaemonReloader::record(const ReloadReport& report, const VirtualServerChanges& servers,
                            Changed changed) {
    std::string text;
    add_names(text, "added", report.added);
    add_names(text, "changed", report.changed);
    add_names(text, "removed", report.removed);
    add_names(text, "virtual servers added", servers.added);
    add_names(text, "virtual servers changed", servers.changed);
    add_names(text, "virtual servers removed", servers.removed);
    if (changed.policy) {
        text += text.empty() ? "policy changed" : "; policy changed";
    }
    if (changed.hosts) {
        text += text.empty() ? "hosts changed" : "; hosts changed";
    }
    if (text.empty()) {
        text = "nothing had changed";
    }
    JournalRecord record;
    record.kind = RecordKind::daemon;
    record.action = "reload.applied";
    record.target = text.substr(0, 2048);
    parts_.journal.append_later(record);
    tell_event("reloaded: " + text, std::nullopt);
    log_info("reloaded: " + text);
    for (const std::string& note : report.notes) {
        log_warn("reload: " + note);
    }
}

Error DaemonReloader::refuse(Error error) {
    tell_event("reload refused, nothing was changed", error);
    return error;
}

void DaemonReloader::tell_event(std::string text, std::optional<Error> cause) {
    runtime::Event event;
    event.kind = runtime::EventKind::daemon;
    event.to = "reload";
    event.text = std::move(text);
    event.cause = std::move(cause);
    parts_.events.append(std::move(event));
}

} // namespace gatehouse::gateway
