#include "gateway/admin/admin_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace gatehouse::gateway {

namespace {

Json optional_time(const std::optional<WallTime>& time) {
    return time ? Json(rfc3339_text(*time)) : Json(nullptr);
}

Json count_or_null(std::int64_t count) {
    return count <= 0 ? Json(nullptr) : Json(count);
}

} // namespace

Json breakers_json(const std::vector<runtime::BreakerFact>& breakers) {
    Json list = Json::array();
    for (const runtime::BreakerFact& breaker : breakers) {
        Json json = Json::object();
        json["host"] = breaker.host;
        json["state"] = runtime::to_text(breaker.state);
        json["since"] = rfc3339_text(breaker.fact.since);
        json["cause"] = breaker.fact.cause.code.empty() ? Json(nullptr)
                                                        : runtime::error_json(breaker.fact.cause);
        json["next_attempt_at"] = optional_time(breaker.next_attempt_at);
        list.push_back(std::move(json));
    }
    return list;
}

Json status_json(const runtime::ConnectorStatus& status) {
    Json json = Json::object();
    json["name"] = status.name.str();
    json["title"] = status.title;
    json["health"] = status.health;
    json["lifecycle"] = status.lifecycle;
    json["cause"] = runtime::error_json(status.cause);
    json["since"] = rfc3339_text(status.since);
    json["started_at"] = optional_time(status.started_at);
    json["next_attempt_at"] = optional_time(status.next_attempt_at);
    json["instance"] = status.instance.value;
    json["jail_pid"] = status.jail_pid;
    json["restarts_total"] = status.restarts_total;
    json["tool_count"] = status.tool_count < 0 ? Json(nullptr) : Json(status.tool_count);
    json["calls_total"] = status.calls_total;
    json["calls_failed"] = status.calls_failed;
    json["in_flight"] = status.in_flight;
    json["stray_lines"] = status.stray_lines;
    json["unknown_ids"] = status.unknown_ids;
    json["log_lines_dropped"] = status.log_lines_dropped;
    json["memory_bytes"] = status.memory_bytes;
    json["memory_max_bytes"] = status.memory_max_bytes;
    json["last_exit"] = status.last_exit;
    json["instances_ready"] = status.instances_ready;
    json["instances_total"] = status.instances_total;
    json["scope"] = status.scope;
    json["transport"] = status.transport;
    json["era"] = status.era;
    json["weakenings"] = status.weakenings;
    json["revision"] = status.revision.empty() ? Json(nullptr) : Json(status.revision);
    json["calls_recent"] = status.calls_recent;
    json["calls_recent_failed"] = status.calls_recent_failed;
    json["p95_ms"] = count_or_null(status.p95_ms);
    json["cpu_percent"] = std::round(status.cpu_percent * 10.0) / 10.0;
    json["log_cursor"] = status.log_cursor;
    json["conditions"] = runtime::health_conditions_json(status.conditions);
    json["breakers"] = breakers_json(status.breakers);
    return json;
}

Json evident_status_json(const runtime::ConnectorStatus& status) {
    Json json = status_json(status);
    json["evidence"] = runtime::evidence_json(status.evidence);
    return json;
}

Json daemon_json(const DaemonFacts& facts, WallTime now,
                 const std::vector<runtime::ConnectorStatus>& connectors) {
    const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(now - facts.started_at);
    Json servers = Json::array();
    for (const std::string& name : facts.virtual_servers) {
        Json server = Json::object();
        server["name"] = name;
        server["url"] = facts.endpoint + "/v/" + name + "/mcp";
        servers.push_back(std::move(server));
    }
    Json health = Json::object();
    for (const runtime::ConnectorStatus& status : connectors) {
        const auto counted = health.find(status.health);
        health[status.health] = (counted == health.end() ? 0 : counted->get<int>()) + 1;
    }
    Json json = Json::object();
    json["version"] = GATEHOUSE_VERSION;
    json["pid"] = static_cast<std::int64_t>(::getpid());
    json["started_at"] = rfc3339_text(facts.started_at);
    json["uptime_s"] = static_cast<std::int64_t>(uptime.count());
    json["mode"] = facts.mode;
    json["endpoint"] = facts.endpoint;
    json["virtual_servers"] = std::move(servers);
    json["config_file"] = facts.config_file;
    json["data"] = facts.data;
    json["connector_count"] = connectors.size();
    json["connectors_by_health"] = std::move(health);
    return json;
}

Json record_json(const runtime::LogRecord& record) {
    Json json = Json::object();
    json["seq"] = record.seq;
    json["time"] = rfc3339_text(record.time);
    json["instance"] = record.instance.value;
    json["stream"] = runtime::to_text(record.stream);
    if (record.level != runtime::LogLevel::none) {
        json["level"] = runtime::to_text(record.level);
    }
    if (record.continued) {
        json["continued"] = true;
    }
    if (!record.member.empty()) {
        json["member"] = record.member;
    }
    if (!record.calls.empty()) {
        Json calls = Json::array();
        for (const CallId call : record.calls) {
            calls.push_back(call.value);
        }
        json["calls"] = std::move(calls);
    }
    json["text"] = record.text;
    return json;
}

Json event_json(const runtime::Event& event) {
    Json json = Json::object();
    json["seq"] = event.seq;
    json["time"] = rfc3339_text(event.time);
    json["kind"] = runtime::to_text(event.kind);
    json["connector"] = event.connector;
    json["instance"] = event.instance.value;
    json["from"] = event.from;
    json["to"] = event.to;
    json["cause"] = runtime::error_json(event.cause);
    json["text"] = event.text;
    return json;
}

Json cause_code_json(const CauseCode& code) {
    Json json = Json::object();
    json["code"] = code.code;
    json["title"] = code.title;
    json["meaning"] = code.meaning;
    json["action"] = code.action;
    json["who"] = code.who;
    return json;
}

Json tools_json(const runtime::Catalogue* catalogue) {
    Json json = Json::object();
    if (catalogue == nullptr) {
        json["tools"] = nullptr;
        return json;
    }
    json["era"] = catalogue->era == runtime::Era::modern ? "modern" : "legacy";
    json["protocol_version"] = catalogue->protocol_version;
    Json tools = Json::array();
    for (const runtime::Tool& tool : catalogue->tools) {
        auto definition = parse_json(tool.definition, 128);
        Json named = Json::object();
        named["name"] = tool.name;
        tools.push_back(definition ? std::move(*definition) : std::move(named));
    }
    json["tools"] = std::move(tools);
    return json;
}

void add_credential_versions(Json& detail, const std::vector<SecretInfo>& secrets) {
    const auto credentials = detail.find("credentials");
    if (credentials == detail.end() || !credentials->is_array()) {
        return;
    }
    for (Json& credential : *credentials) {
        const std::string wanted = credential.value("secret", std::string());
        const auto found = std::find_if(secrets.begin(), secrets.end(),
                                        [&wanted](const auto& one) { return one.name == wanted; });
        credential["version"] = found == secrets.end() ? Json(nullptr) : Json(found->version);
    }
}

Json agent_json(const AgentInfo& agent) {
    Json json = Json::object();
    json["name"] = agent.name;
    json["created_at"] = agent.created_at;
    json["token_hint"] = agent.token_hint;
    return json;
}

Json secret_json(const SecretInfo& secret) {
    Json json = Json::object();
    json["name"] = secret.name;
    json["version"] = secret.version;
    json["set_at"] = secret.set_at;
    return json;
}

Error no_such_error(const std::string& kind, const std::string& name,
                    const std::string& list_verb) {
    return Error{"GH-N404", "no such " + kind, name, "",
                 "See the names with `gatehouse " + list_verb + "`"};
}

Error not_available_error(const std::string& what) {
    return Error{"GH-N501", what + " is not available in this build", "", "", ""};
}

int status_of_error(const Error& error) {
    constexpr std::array<std::string_view, 4> not_now{"GH-A105", "GH-G901", "GH-G910", "GH-G911"};
    if (error.code == "GH-N404") {
        return 404;
    }
    if (error.code == "GH-N501") {
        return 501;
    }
    if (error.code == "GH-A111" || error.code == "GH-N409") {
        return 409;
    }
    return std::find(not_now.begin(), not_now.end(), error.code) != not_now.end() ? 503 : 400;
}

} // namespace gatehouse::gateway
