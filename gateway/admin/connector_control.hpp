// ConnectorControl: what the admin API may ask of connectors and do to them. The supervisor stands
// behind it in the daemon; tests put a fake with behaviour there. One event loop.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/json.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/catalogue.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/supervisor/crash_record.hpp"
#include "runtime/supervisor/supervisor.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace gatehouse::gateway {

class ConnectorControl {
  public:
    virtual ~ConnectorControl() = default;
    virtual std::vector<runtime::ConnectorStatus> statuses() const = 0;
    virtual std::optional<runtime::ConnectorStatus> status(const ConnectorName& name) const = 0;
    // Each completes when its post-condition holds or fails saying what remains.
    virtual Task<Result<void>> start(ConnectorName name) = 0;
    virtual Task<Result<void>> stop(ConnectorName name) = 0;
    virtual Task<Result<void>> restart(ConnectorName name) = 0;
    // Starts one that sleeps, and waits until it is ready; a stopped one stays stopped (GH-N409).
    virtual Task<Result<void>> wake(ConnectorName name) = 0;
    // All that is known of it, as the admin API shows it: the members of the status, and instances,
    // conditions, breakers, limits, credentials (names alone). GH-N404.
    virtual Result<Json> describe(const ConnectorName& name) const = 0;
    // Newest first.
    virtual std::vector<runtime::CrashRecord> crashes(const ConnectorName& name) const = 0;
    // What it offers, as last seen; null: it never started.
    virtual std::shared_ptr<const runtime::Catalogue>
    catalogue(const ConnectorName& name) const = 0;
    virtual void secret_changed(const SecretName& name) = 0;
    // Of a known connector; the log outlives the control.
    virtual Result<runtime::ConnectorLog*> log(const ConnectorName& name) = 0;
    // Null: this daemon keeps no events.
    virtual runtime::EventLog* events() = 0;
};

// The daemon's: passes everything on to the supervisor and the stores.
class SupervisorControl final : public ConnectorControl {
  public:
    // All outlive it; `events` and `crashes` may be null.
    SupervisorControl(runtime::Supervisor& supervisor, runtime::LogStore& logs,
                      runtime::EventLog* events = nullptr,
                      const runtime::CrashStore* crashes = nullptr)
        : supervisor_(supervisor), logs_(logs), events_(events), crashes_(crashes) {}

    std::vector<runtime::ConnectorStatus> statuses() const override;
    std::optional<runtime::ConnectorStatus> status(const ConnectorName& name) const override;
    Task<Result<void>> start(ConnectorName name) override;
    Task<Result<void>> stop(ConnectorName name) override;
    Task<Result<void>> restart(ConnectorName name) override;
    Task<Result<void>> wake(ConnectorName name) override;
    Result<Json> describe(const ConnectorName& name) const override;
    std::vector<runtime::CrashRecord> crashes(const ConnectorName& name) const override;
    std::shared_ptr<const runtime::Catalogue> catalogue(const ConnectorName& name) const override;
    void secret_changed(const SecretName& name) override;
    Result<runtime::ConnectorLog*> log(const ConnectorName& name) override;
    runtime::EventLog* events() override { return events_; }

  private:
    runtime::Supervisor& supervisor_;
    runtime::LogStore& logs_;
    runtime::EventLog* events_;
    const runtime::CrashStore* crashes_;
};

} // namespace gatehouse::gateway
