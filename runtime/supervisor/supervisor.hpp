// Supervisor: owns every connector, starts instances on demand or at start, restarts them with
// backoff, stops idle ones, and publishes one snapshot a connector. Implements the gateway's view.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/connector_directory.hpp"
#include "runtime/credential_source.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/logs/log_store.hpp"
#include "runtime/manifest/connector_spec.hpp"
#include "runtime/supervisor/connector_detail.hpp"
#include "runtime/supervisor/connector_status.hpp"
#include "runtime/supervisor/session_factory.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::sandbox {
class Launcher;
}

namespace gatehouse::runtime {

struct SupervisorOptions {
    std::filesystem::path state_folder; // data/state; volumes are <connector>/<volume> below it
    std::uint32_t first_uid =
        200'000; // root mode: connector n gets first_uid + n, kept in data/state
    int cold_starts_max_count = 5;
    std::uint64_t frame_max_bytes = 16ULL << 20; // the longest message a connector may send
    HttpSessionFactory make_http_session;        // of connectors over HTTP; empty: real ones
    EventLog* events = nullptr;         // outlives the supervisor; null: no events are kept
    std::filesystem::path crash_folder; // data/crashes; empty: no crash records are kept
    // Which connectors are off on purpose: `gatehouse stop` outlives the daemon, `gatehouse start`
    // takes it back. Empty: that is forgotten with the daemon.
    std::filesystem::path desired_file;
};

// What a reload did.
struct ApplyReport {
    std::vector<ConnectorName> added, changed, removed, unchanged; // each sorted
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
    // Starts one that sleeps and waits until it is ready; one that is off on purpose stays off
    // (GH-P311).
    Task<Result<void>> wake(ConnectorName name);
    std::optional<ConnectorDetail> describe(const ConnectorName& name) const;
    // Makes the connectors what `specs` say and touches only what differs: one that is unchanged
    // keeps running with its sessions; a changed one is drained and goes on by its new manifest,
    // and its calls wait meanwhile; a removed one is drained and gone; a new one starts as with the
    // daemon. Completes when the removed ones are gone. One at a time.
    Task<ApplyReport> apply(std::vector<ConnectorSpec> specs);
    // Restarts the running connectors that use this secret, so that they see the new value.
    void secret_changed(const SecretName& name);

    bool contains(const ConnectorName& name) const override;
    std::shared_ptr<const Catalogue> known_catalogue(const ConnectorName& name) const override;
    std::shared_ptr<const Catalogue> known_catalogue(const ConnectorName& name,
                                                     const Caller& caller) const override;
    Task<Result<std::shared_ptr<const Catalogue>>>
    catalogue(ConnectorName name, std::chrono::milliseconds deadline) override;
    Task<CallReply> call(ConnectorName name, std::shared_ptr<ConnectorCall> call) override;
    Task<void> refresh(ConnectorName name, ListKind kind, std::shared_ptr<const Caller> caller,
                       std::chrono::milliseconds deadline) override;
    Task<void> learn_own(ConnectorName name, std::shared_ptr<const Caller> caller,
                         std::chrono::milliseconds deadline) override;
    Task<CallReply> watch_resource(ConnectorName name, std::shared_ptr<const Caller> caller,
                                   std::string uri) override;
    void unwatch_resource(const ConnectorName& name, const Caller& caller,
                          const std::string& uri) override;
    void session_ended(const std::string& session) override;
    void roots_changed(const Caller& caller) override;
    void set_observer(ConnectorObserver* observer) override;
    bool validates_arguments(const ConnectorName& name) const override;
    std::chrono::milliseconds call_timeout(const ConnectorName& name) const override;
    std::vector<SecretName> required_secrets(const ConnectorName& name) const override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace gatehouse::runtime
