// ConnectorSpec: one validated connector manifest as plain values. Made by manifest/catalogue, read
// by the supervisor, which compares them to find out what a reload changed. Pure; every default of
// the manifest stands here once.
#pragma once

#include "runtime/base/ids.hpp"
#include "runtime/instance_scope.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::runtime {

using std::chrono::milliseconds;

// run.instances
struct InstanceSpec {
    InstanceScope scope = InstanceScope::automatic;
    int min = 0;  // 0 starts on the first call, 1 with the daemon; of the shared instance
    int max = 16; // instances of members and sessions at a time, besides the shared one
    milliseconds idle_after =
        std::chrono::minutes(15); // without calls, then stopped; not the shared one if min is 1
    // After a call the shared one stays up at least that long, also if it ends by itself without a
    // failure: it is started again, and the next call finds it ready. 0: no. keep_warm_always
    // (true in the manifest): for as long as the daemon runs.
    milliseconds keep_warm{0};
    friend bool operator==(const InstanceSpec&, const InstanceSpec&) = default;
};
constexpr milliseconds keep_warm_always = milliseconds::max();

struct TimeoutSpec {
    milliseconds startup = std::chrono::seconds(60);
    milliseconds call = std::chrono::seconds(60);
    milliseconds drain = std::chrono::seconds(30);
    milliseconds stop = std::chrono::seconds(10); // between SIGTERM and the kill of the tree
    friend bool operator==(const TimeoutSpec&, const TimeoutSpec&) = default;
};

// How the connector is spoken to: over its stdin and stdout, over HTTP to a port inside of its
// sandbox, or over HTTP to a server elsewhere, which has no process here.
enum class Transport { stdio, http, remote };

constexpr const char* to_text(Transport transport) {
    constexpr const char* words[] = {"stdio", "http", "remote"};
    return words[static_cast<int>(transport)];
}

// run.http
struct HttpSpec {
    std::uint16_t port = 8000; // on the connector's own loopback
    std::string path = "/mcp";
    friend bool operator==(const HttpSpec&, const HttpSpec&) = default;
};

// source.remote and run.remote
struct RemoteSpec {
    std::string url;
    std::filesystem::path ca_file; // absolute; empty: the system's certificates
    // A named weakening: loopback and private addresses may be dialled, also without TLS.
    bool allow_private = false;
    friend bool operator==(const RemoteSpec&, const RemoteSpec&) = default;
};

// credentials[]: a shared secret, given to the environment of the connector at launch, or sent to
// it in a header of every request. Exactly one of env and header is set.
struct CredentialSpec {
    std::string name;              // credentials[].name
    SecretName secret;             // credentials[].secret.ref, set by `gatehouse secret set`
    std::string env = {};          // credentials[].inject.env.name
    std::string header = {};       // credentials[].inject.header.name
    std::string header_value = {}; // with one ${token}, which stands for the secret
    friend bool operator==(const CredentialSpec&, const CredentialSpec&) = default;
};

// What stands for the secret in credentials[].inject.header.value.
constexpr std::string_view header_token_mark = "${token}";

struct SandboxLimits {
    std::uint64_t memory_bytes = 512ULL << 20;
    std::uint64_t tmp_bytes = 256ULL << 20;
    std::uint32_t pids = 256;
    std::uint32_t nofile = 1024;
    friend bool operator==(const SandboxLimits&, const SandboxLimits&) = default;
};

struct SandboxSpec {
    std::vector<std::string> writable; // named volumes, mounted at /data/<name>
    SandboxLimits limits;
    friend bool operator==(const SandboxSpec&, const SandboxSpec&) = default;
};

enum class RestartPolicy { always, on_failure, never }; // "always", "on-failure", "never"

struct RestartSpec {
    RestartPolicy policy = RestartPolicy::on_failure;
    milliseconds initial = std::chrono::seconds(1);
    milliseconds max = std::chrono::seconds(60);
    double jitter = 0.2;
    int failures = 10;
    milliseconds window = std::chrono::minutes(30);
    milliseconds reset_after = std::chrono::minutes(10);
    friend bool operator==(const RestartSpec&, const RestartSpec&) = default;
};

// health.liveness: is it able to answer at all? Skipped while calls make progress.
struct LivenessSpec {
    milliseconds period = std::chrono::seconds(15);
    milliseconds timeout = std::chrono::seconds(5);
    int failures = 3; // in a row: it is killed and started again, unless it is busy
    friend bool operator==(const LivenessSpec&, const LivenessSpec&) = default;
};

// health.deep: one call of a read-only tool, to see whether what is behind the connector works.
struct DeepProbeSpec {
    std::string tool;             // empty: no such probe
    std::string arguments = "{}"; // raw JSON object
    milliseconds period = std::chrono::minutes(5);
    milliseconds timeout = std::chrono::seconds(30);
    int failures = 3; // in a row: downstream_outage; it is never restarted for that
    friend bool operator==(const DeepProbeSpec&, const DeepProbeSpec&) = default;
};

// health
struct HealthSpec {
    LivenessSpec liveness;
    milliseconds catalogue_period = std::chrono::minutes(10); // its lists are read again
    DeepProbeSpec deep;
    milliseconds slo_p95{0}; // slower calls make it degraded; 0: no such goal
    friend bool operator==(const HealthSpec&, const HealthSpec&) = default;
};

// logs.backpressure: what happens to a connector that writes more than its log takes.
enum class LogBackpressure { drop, block };

struct ConnectorSpec {
    ConnectorName name;
    std::string title;
    std::string description;
    std::string owner;
    std::map<std::string, std::string> labels;
    std::filesystem::path manifest_path;
    Transport transport = Transport::stdio;
    HttpSpec http;     // for transport http
    RemoteSpec remote; // for transport remote; it has no source_dir, command, env and sandbox
    std::filesystem::path
        source_dir; // absolute, canonical; mounted read-only at /app, the working folder
    std::vector<std::string>
        command; // argv, no shell; argv[0] relative to /app, or found in PATH /usr/bin:/bin
    std::map<std::string, std::string> env;
    InstanceSpec instances;
    TimeoutSpec timeouts;
    int concurrency = 16;         // calls in flight on one instance; more wait in its queue
    std::size_t queue_max = 4096; // calls waiting in it; one more is refused with GH-R701
    bool validate = true;         // check tool arguments against the tool's inputSchema
    std::vector<CredentialSpec> credentials;
    SandboxSpec sandbox;
    RestartSpec restart;
    HealthSpec health;
    std::uint64_t log_max_bytes = 64ULL << 20; // logs.max_bytes
    LogBackpressure log_backpressure = LogBackpressure::drop;
    friend bool operator==(const ConnectorSpec&, const ConnectorSpec&) = default;
};

} // namespace gatehouse::runtime
