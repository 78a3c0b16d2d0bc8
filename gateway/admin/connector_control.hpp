// ConnectorControl: what the admin API may do to connectors. The supervisor stands behind it in the
// daemon; tests put a fake with behaviour there. One event loop.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/base/result.hpp"
#include "runtime/base/task.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/supervisor/supervisor.hpp"

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
    virtual void secret_changed(const SecretName& name) = 0;
    // Of a known connector; the log outlives the control.
    virtual Result<runtime::ConnectorLog*> log(const ConnectorName& name) = 0;
};

// The daemon's: passes everything on to the supervisor and the log store.
class SupervisorControl final : public ConnectorControl {
  public:
    SupervisorControl(runtime::Supervisor& supervisor, runtime::LogStore& logs)
        : supervisor_(supervisor), logs_(logs) {}

    std::vector<runtime::ConnectorStatus> statuses() const override;
    std::optional<runtime::ConnectorStatus> status(const ConnectorName& name) const override;
    Task<Result<void>> start(ConnectorName name) override;
    Task<Result<void>> stop(ConnectorName name) override;
    Task<Result<void>> restart(ConnectorName name) override;
    void secret_changed(const SecretName& name) override;
    Result<runtime::ConnectorLog*> log(const ConnectorName& name) override;

  private:
    runtime::Supervisor& supervisor_;
    runtime::LogStore& logs_;
};

} // namespace gatehouse::gateway
