#include "gateway/admin/connector_control.hpp"

#include "gateway/admin/admin_json.hpp"
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

Task<Result<void>> SupervisorControl::wake(ConnectorName name) {
    return supervisor_.wake(std::move(name));
}

Result<Json> SupervisorControl::describe(const ConnectorName& name) const {
    const auto detail = supervisor_.describe(name);
    if (!detail) {
        return no_such_error("connector", name.str(), "ls");
    }
    return detail_json(*detail);
}

std::vector<runtime::CrashRecord> SupervisorControl::crashes(const ConnectorName& name) const {
    return crashes_ == nullptr ? std::vector<runtime::CrashRecord>() : crashes_->list(name);
}

std::shared_ptr<const runtime::Catalogue>
SupervisorControl::catalogue(const ConnectorName& name) const {
    return supervisor_.known_catalogue(name);
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
