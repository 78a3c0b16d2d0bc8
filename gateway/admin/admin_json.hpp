// What the admin API says, as JSON: the keys are API, named like the fields of the values they
// show. Times are RFC 3339 in UTC. Pure.
#pragma once

#include "gateway/auth/agents.hpp"
#include "gateway/credentials/vault.hpp"
#include "gateway/http/problem.hpp"
#include "gateway/http/server.hpp"
#include "runtime/base/cause_codes.hpp"
#include "runtime/base/json.hpp"
#include "runtime/catalogue.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/supervisor/connector_detail.hpp"
#include "runtime/supervisor/supervisor.hpp"

#include <string>
#include <vector>

namespace gatehouse::gateway {

// What `gatehouse status` says of the daemon itself; filled once by the composition root.
struct DaemonFacts {
    std::string endpoint;                     // "http://127.0.0.1:8080", as clients see it
    std::vector<std::string> virtual_servers; // names; each is served at <endpoint>/v/<name>/mcp
    std::vector<std::string> mode;            // lines such as "root: connectors run under own uids"
    std::string config_file;
    std::string data;
    WallTime started_at;
};

Json status_json(const runtime::ConnectorStatus& status);
// With "evidence" as well, which is large.
Json evident_status_json(const runtime::ConnectorStatus& status);
// That, and "instances", "breakers" of every host, and the facts of the manifest: "limits",
// "credentials" (names alone), "manifest". Crashes have a resource of their own.
Json detail_json(const runtime::ConnectorDetail& detail);
Json breakers_json(const std::vector<runtime::BreakerFact>& breakers);
Json daemon_json(const DaemonFacts& facts, WallTime now,
                 const std::vector<runtime::ConnectorStatus>& connectors);
Json record_json(const runtime::LogRecord& record);
Json agent_json(const AgentInfo& agent);
Json secret_json(const SecretInfo& secret);
Json event_json(const runtime::Event& event);
Json cause_code_json(const CauseCode& code);
// {"era", "protocol_version", "tools": [the definitions as the connector gave them]}; null: the
// connector never started, "tools" is null then.
Json tools_json(const runtime::Catalogue* catalogue);
// Sets "version" of each member of detail["credentials"] by its "secret"; null: not set.
void add_credential_versions(Json& detail, const std::vector<SecretInfo>& secrets);

// GH-N404 of a connector, agent or secret; list_verb names the ones there are.
Error no_such_error(const std::string& kind, const std::string& name, const std::string& list_verb);
// GH-N501.
Error not_available_error(const std::string& what);
// The HTTP status that fits a cause code: 404 not found, 409 conflict, 503 cannot now, 400 the
// rest.
int status_of_error(const Error& error);

} // namespace gatehouse::gateway
