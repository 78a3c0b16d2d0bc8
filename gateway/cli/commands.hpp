// The verbs of `gatehouse`, one function each; cli.cpp finds the verb and its arguments, these do
// it.
#pragma once

#include "gateway/cli/context.hpp"
#include "gateway/cli/exit_code.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gatehouse::gateway {

// What runs the daemon until it is told to stop; main hands in the composition root's.
using DaemonRunner = std::function<int(const std::filesystem::path& config_file)>;

struct LogsArguments {
    std::string name;
    std::size_t count = 100;
    bool follow = false;
};

struct AuditArguments {
    std::filesystem::path data; // empty: by the configuration
    std::size_t count = 20;
};

enum class ConnectorVerb { start, stop, restart };

ExitCode run_serve(CliContext& context, const DaemonRunner& run_daemon);
ExitCode run_validate(CliContext& context, const std::vector<std::filesystem::path>& files);
ExitCode run_schema(CliContext& context, const std::string& kind);
ExitCode run_version(CliContext& context);

ExitCode run_ls(CliContext& context);
ExitCode run_status(CliContext& context, const std::string& name);
ExitCode run_logs(CliContext& context, const LogsArguments& arguments);
ExitCode run_connector_verb(CliContext& context, ConnectorVerb verb, const std::string& name);

ExitCode run_agent_create(CliContext& context, const std::string& name);
ExitCode run_agent_list(CliContext& context);
ExitCode run_agent_remove(CliContext& context, const std::string& name);

// The value comes from standard input, never from an argument.
ExitCode run_secret_set(CliContext& context, const std::string& name);
ExitCode run_secret_list(CliContext& context);
ExitCode run_secret_remove(CliContext& context, const std::string& name);

// Both read the journal's folder themselves, without a daemon.
ExitCode run_audit_tail(CliContext& context, const AuditArguments& arguments);
ExitCode run_audit_verify(CliContext& context, const AuditArguments& arguments);

} // namespace gatehouse::gateway
