// ConnectorHost: what all connectors of one supervisor share. Everything referred to outlives them.
#pragma once

#include "runtime/base/clock.hpp"
#include "runtime/base/task_group.hpp"
#include "runtime/connector_directory.hpp"
#include "runtime/credential_source.hpp"
#include "runtime/events/event_log.hpp"
#include "runtime/supervisor/crash_record.hpp"
#include "runtime/supervisor/session_factory.hpp"
#include "runtime/supervisor/start_slots.hpp"
#include "runtime/supervisor/uid_registry.hpp"
#include "sandbox/launcher.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace gatehouse::runtime {

struct ConnectorHost {
    Executor executor;
    const Clock& clock;
    sandbox::Launcher& launcher;
    CredentialSource& credentials;
    TaskGroup& tasks;
    StartSlots& slots;
    UidRegistry* uids = nullptr; // null for a daemon of an ordinary user
    std::filesystem::path state_folder;
    std::uint64_t frame_max_bytes = 16ULL << 20; // the longest message a connector may send
    // Makes the session with a connector over HTTP.
    HttpSessionFactory make_http_session;
    std::function<InstanceId()> next_instance_id;
    std::function<double()> chance;        // uniform in [0, 1)
    ConnectorObserver* observer = nullptr; // the gateway's ear; null: nobody listens
    EventLog* events = nullptr;            // null: no events are kept
    CrashStore* crashes = nullptr;         // null: no crash records are kept
};

} // namespace gatehouse::runtime
