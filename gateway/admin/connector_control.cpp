#include "gateway/admin/connector_control.hpp"

#include "runtime/manifest/connector_spec.hpp"

#include <utility>

namespace gatehouse::gateway {

std::vector<runtime::ConnectorStatus> SupervisorControl::statuses() const {
    return supervisor_.statuses();
}

std::optional<runtime::ConnectorStatus> SupervisorControl::status(const ConnectorName& name) const {
    return supervisor_.status(name);
}

Task<Result<void>> SupervisorControl::start(ConnectorName name) {
    return supervisor_.start(std::move(name));
}

Task<Result<void>> SupervisorControl::stop(ConnectorName name) {
    return supervisor_.stop_connector(std::move(name));
}

Task<Result<void>> SupervisorControl::restart(ConnectorName name) {
    return supervisor_.restart(std::move(name));
}

void SupervisorControl::secret_changed(const SecretName& name) {
    supervisor_.secret_changed(name);
}

Result<runtime::ConnectorLog*> SupervisorControl::log(const ConnectorName& name) {
    // The supervisor opened it with the manifest's size; the default here only serves a log nobody
    // opened.
    return logs_.open(name, runtime::ConnectorSpec().log_max_bytes);
}

} // namespace gatehouse::gateway
