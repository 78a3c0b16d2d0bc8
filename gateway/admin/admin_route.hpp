// The operations of the admin API and how a request line finds one. Pure; used by AdminApi.
#pragma once

#include "runtime/base/error.hpp"
#include "runtime/base/result.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace gatehouse::gateway {

enum class AdminOperation {
    status,
    connectors,
    connector,
    connector_start,
    connector_stop,
    connector_restart,
    connector_wake,
    connector_detail,
    connector_logs,
    connector_crashes,
    connector_tools,
    connector_call,
    events,
    reload,
    explain,
    doctor,
    agents,
    agent_create,
    agent_remove,
    secrets,
    secret_set,
    secret_remove,
};

struct AdminRoute {
    AdminOperation operation = AdminOperation::status;
    std::string name; // of the connector, agent, secret or cause code; empty for collections
};

struct AdminRefusal {
    int status = 404;
    std::string allow; // for 405: the value of the Allow header
    Error error;
};

// 404 for an unknown path, 405 for a known path with another method, 400 for a name that no
// resource can have. Names are [A-Za-z0-9._-]{1,64} here; the owner of the resource may be
// stricter.
std::variant<AdminRoute, AdminRefusal> match_admin_route(std::string_view method,
                                                         std::string_view path);

bool plausible_admin_name(std::string_view name);

} // namespace gatehouse::gateway
