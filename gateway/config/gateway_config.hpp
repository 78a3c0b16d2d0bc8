// GatewayConfig: the validated gateway file (kind: Gateway) as plain values. Pure.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/manifest/connector_spec.hpp"
#include "runtime/manifest/issue.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gatehouse::gateway {

// virtual_servers[].audience: empty means nobody but admins.
struct Audience {
    std::vector<std::string> agents;
    bool everyone = false;
    friend bool operator==(const Audience&, const Audience&) = default;
};

// virtual_servers[].connectors[].tools. Globs know * and ?; names are the connector's own in allow,
// deny and rename; describe uses the renamed name.
struct ToolSelection {
    std::vector<std::string> allow{"*"};
    std::vector<std::string> deny;
    std::map<std::string, std::string> rename;
    std::map<std::string, std::string> describe;
    friend bool operator==(const ToolSelection&, const ToolSelection&) = default;
};

// virtual_servers[].connectors[].prompts and resources: globs on the connector's own names, or on
// its URIs and URI templates.
struct NameSelection {
    std::vector<std::string> allow{"*"};
    std::vector<std::string> deny;
    friend bool operator==(const NameSelection&, const NameSelection&) = default;
};

struct ExposedConnector {
    ConnectorName name;
    // Put before the (renamed) tool name and before the prompt name; default: "<connector>_".
    std::string prefix;
    ToolSelection tools;
    NameSelection prompts;
    NameSelection resources;
    friend bool operator==(const ExposedConnector&, const ExposedConnector&) = default;
};

struct VirtualServerConfig {
    VirtualServerName name;
    std::string title;
    Audience audience;
    std::vector<ExposedConnector> connectors;
    friend bool operator==(const VirtualServerConfig&, const VirtualServerConfig&) = default;
};

// policy[].when.arguments[]: exactly one comparison on one JSON Pointer into the arguments. A
// condition on a value that is absent does not hold (except present: false).
struct ArgumentCondition {
    enum class Test { equals, in, matches, less, greater, present };
    std::string pointer;
    Test test = Test::equals;
    std::vector<std::string> values; // equals/in: raw JSON literals; matches: one RE2 pattern
    double number = 0;               // less, greater
    bool present = true;
    friend bool operator==(const ArgumentCondition&, const ArgumentCondition&) = default;
};

// policy[]: the first rule whose every given condition holds decides; none: allow. A rule that
// names tools, prompts or resources concerns only those kinds; one that names none of the three
// concerns all. One with argument conditions never concerns resources, which have no arguments.
struct PolicyRule {
    std::string name;                         // unique, shown in the journal
    bool allow = false;                       // effect: allow | deny
    std::vector<std::string> principals;      // globs on "agent:ci"; empty: any
    std::vector<std::string> virtual_servers; // globs; empty: any
    std::vector<std::string> connectors;      // globs; empty: any
    std::vector<std::string> tools;           // globs on the connector's own tool names
    std::vector<std::string> prompts;         // globs on the connector's own prompt names
    std::vector<std::string> resources;       // globs on the connector's own URIs
    std::vector<ArgumentCondition> arguments; // all must hold
    friend bool operator==(const PolicyRule&, const PolicyRule&) = default;
};

struct GatewayLimits {
    std::uint64_t body_bytes = 4ULL << 20;
    std::uint32_t sessions = 20'000;
    std::uint32_t calls_in_flight = 4096;
    std::uint64_t result_bytes = 16ULL << 20;
    friend bool operator==(const GatewayLimits&, const GatewayLimits&) = default;
};

// Over all connectors; each manifest has a bound of its own besides.
struct GatewayLogs {
    std::uint64_t max_bytes = 4ULL << 30;   // logs.max_bytes
    std::chrono::milliseconds retention{0}; // logs.retention; 0: kept until the room is needed
    friend bool operator==(const GatewayLogs&, const GatewayLogs&) = default;
};

enum class AuditDurability { process, disk };

struct GatewayConfig {
    std::filesystem::path file;
    std::string listen_host = "127.0.0.1"; // listen.client
    std::uint16_t listen_port = 8080;      // 0: any free port, printed at start
    std::filesystem::path admin_socket;    // absolute; listen.admin, relative to the data folder
    std::string public_url;                // default: http://<listen.client>
    std::filesystem::path data;            // absolute; relative to the file's folder
    std::vector<std::filesystem::path> manifests; // files, in order of name
    std::vector<std::string> allowed_hosts;
    std::filesystem::path vault_key; // vault.key "file:…"; absolute; relative to the data folder
    std::vector<VirtualServerConfig> virtual_servers;
    std::vector<PolicyRule> policy;
    AuditDurability durability = AuditDurability::process;
    GatewayLimits limits;
    GatewayLogs logs;
};

struct LoadedConfig {
    GatewayConfig gateway;
    std::vector<runtime::ConnectorSpec> connectors;
};

// Reads the gateway file and every manifest it names and checks them against each other (a virtual
// server that names an unknown connector, two connectors of one name, …). All issues at once.
std::variant<LoadedConfig, runtime::Issues> load_config(const std::filesystem::path& file);

// Validates any mix of gateway files and manifests, by their `kind`. Empty: all good.
runtime::Issues validate_files(const std::vector<std::filesystem::path>& files);

} // namespace gatehouse::gateway
