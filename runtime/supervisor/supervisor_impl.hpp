// Supervisor::Impl: what is behind Supervisor. Split over supervisor.cpp (verbs and views) and
// supervisor_apply.cpp (connectors that come, change and go).
#pragma once

#include "runtime/base/task_group.hpp"
#include "runtime/supervisor/connector.hpp"
#include "runtime/supervisor/desired_state.hpp"
#include "runtime/supervisor/instance_ids.hpp"
#include "runtime/supervisor/start_slots.hpp"
#include "runtime/supervisor/supervisor.hpp"
#include "runtime/supervisor/uid_registry.hpp"

#include <list>
#include <map>
#include <random>

namespace gatehouse::runtime {

struct Supervisor::Impl {
    using ConnectorPtr = std::shared_ptr<Connector>;
    using Verb = Task<Result<void>> (Connector::*)();

    Impl(Executor loop, const Clock& time, sandbox::Launcher& starter, CredentialSource& secrets,
         LogStore& log_store, SupervisorOptions supervisor_options);

    // supervisor.cpp
    Connector* find(const ConnectorName& name) const;
    Task<Result<void>> act(ConnectorName name, Verb verb);
    void record_verb(const ConnectorName& name, const char* verb);
    Result<void> set_stopped(const ConnectorName& name, bool stopped);

    // supervisor_apply.cpp
    ConnectorLog* open_log(const ConnectorSpec& spec); // null: it goes without
    void add(ConnectorSpec spec);
    void replace(ConnectorSpec spec);
    ConnectorPtr take_out(const ConnectorName& name);
    ConnectorPtr still_ending(const ConnectorName& name) const;
    void begin(const ConnectorPtr& connector, ConnectorPtr before);
    Task<void> drive(ConnectorPtr connector, ConnectorPtr before);
    // A call that waits while its connector is replaced goes on to the new one.
    Task<CallReply> call_through_changes(ConnectorPtr connector,
                                         std::shared_ptr<ConnectorCall> call);
    Task<void> until_gone(std::vector<ConnectorPtr> going);
    void forget_long_gone();
    void record_config(const ConnectorName& name, const char* what);

    SupervisorOptions options;
    LogStore& logs;
    StartSlots slots;
    UidRegistry uids;
    InstanceIds instance_ids;
    DesiredState desired;
    CrashStore crashes;
    ConnectorHost host;
    std::mt19937_64 random{std::random_device{}()};
    std::size_t drivers_running = 0;
    bool begun = false;
    bool stopping = false;
    ChangeSignal ended;
    std::map<ConnectorName, ConnectorPtr> connectors;
    // Those that were removed or replaced. Calls in them may still end; they are forgotten when
    // they have been at rest for long.
    struct Gone {
        ConnectorPtr connector;
        SteadyTime since;
    };
    std::list<Gone> gone;
    TaskGroup tasks;
};

} // namespace gatehouse::runtime
