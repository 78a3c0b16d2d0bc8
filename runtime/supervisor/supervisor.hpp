// Supervisor: owns every connector, starts instances on demand or at start, restarts them with
// backoff, stops idle ones, and publishes one snapshot a connector. Implements the gateway's view.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/connector_directory.hpp"
#include "runtime/credential_source.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/manifest/connector_spec.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::sandbox {
class Launcher;
}

namespace gatehouse::runtime {

// What `gatehouse ls` and `status` show. All values are taken at one instant.
struct ConnectorStatus {
    ConnectorName name;
    std::string title;
    std::string health; // a word of design/health.md: healthy, idle, starting, crash_loop …
    std::string
        lifecycle; // pending, spawning, handshake, ready, draining, backoff, idle, stopped …
    std::optional<Error> cause;         // why it is not healthy; code, what happened, what to do
    WallTime since;                     // of this health
    std::optional<WallTime> started_at; // of the running instance
    std::optional<WallTime> next_attempt_at; // in backoff
    InstanceId instance;
    int jail_pid = 0;
    int restarts_total = 0;
    int tool_count = -1; // -1: never started
    std::uint64_t calls_total = 0;
    std::uint64_t calls_failed = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t stray_lines = 0;
    std::uint64_t unknown_ids = 0;
    std::uint64_t log_lines_dropped = 0;
    std::uint64_t memory_bytes = 0; // sum over the tree, 0 if none runs
    std::uint64_t memory_max_bytes = 0;
    std::string last_exit; // text of the last outcome; empty if none
};

struct SupervisorOptions {
    std::filesystem::path state_folder; // data/state; volumes are <connector>/<volume> below it
    std::uint32_t first_uid =
        200'000; // root mode: connector n gets first_uid + n, kept in data/state
    int cold_starts_max_count = 5;
    std::uint64_t frame_max_bytes = 16ULL << 20; // the longest message a connector may send
};

class Supervisor final : public ConnectorDirectory {
  public:
    Supervisor(Executor executor, const Clock& clock, sandbox::Launcher& launcher,
               CredentialSource& credentials, LogStore& logs, std::vector<ConnectorSpec> specs,
               SupervisorOptions options);
    ~Supervisor() override;

    // Runs until stop(): starts those with min 1, watches idle ones. Returns when no process is
    // left.
    Task<void> run();
    // Drains calls in flight (bounded by the manifest's drain), stops every instance. Idempotent.
    void stop();

    std::vector<ConnectorStatus> statuses() const;
    std::optional<ConnectorStatus> status(const ConnectorName& name) const;

    // Each completes when its post-condition holds or fails saying what remains. GH-N404: no such
    // name.
    Task<Result<void>> start(ConnectorName name);
    Task<Result<void>> stop_connector(ConnectorName name);
    Task<Result<void>> restart(ConnectorName name);
    // Restarts the running connectors that use this secret, so that they see the new value.
    void secret_changed(const SecretName& name);

    bool contains(const ConnectorName& name) const override;
    std::shared_ptr<const Catalogue> known_catalogue(const ConnectorName& name) const override;
    Task<Result<std::shared_ptr<const Catalogue>>>
    catalogue(ConnectorName name, std::chrono::milliseconds deadline) override;
    Task<CallReply> call(ConnectorName name, std::shared_ptr<ConnectorCall> call) override;
    bool validates_arguments(const ConnectorName& name) const override;
    std::chrono::milliseconds call_timeout(const ConnectorName& name) const override;
    std::vector<SecretName> required_secrets(const ConnectorName& name) const override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::runtime
