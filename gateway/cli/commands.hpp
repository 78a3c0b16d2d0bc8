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
    std::size_t count = 0; // 0: 100, or with --since everything from there on
    bool follow = false;
    bool previous = false;
    std::string since; // as typed; so are the others
    std::string until;
    std::string instance;
    std::string revision;
    std::string level;
    std::string grep;
    std::string call;
    std::string member;
    std::string stream;
};

struct EventsArguments {
    std::string name; // empty: of all connectors and of the daemon
    std::size_t count = 0;
    bool follow = false;
    std::string since;
    std::string kind;
};

struct TopArguments {
    std::string sort = "cpu"; // cpu, mem, calls
    bool once = false;
};

struct CallArguments {
    std::string name;
    std::string tool;
    std::string json;     // the arguments, "@FILE", or "-" for standard input
    std::string as_agent; // empty: as the operator
};

// What the completion scripts offer; collected from the parser, so that it is what it knows.
struct CompletionVerb {
    std::string name; // "logs", "secret set"
    std::string help;
    std::vector<std::string> options; // "--follow", "-f"
    bool takes_connector = false;
    bool takes_file = false;
};

struct AuditArguments {
    std::filesystem::path data; // empty: by the configuration
    std::size_t count = 20;
};

enum class ConnectorVerb { start, stop, restart, wake };

ExitCode run_serve(CliContext& context, const DaemonRunner& run_daemon);
ExitCode run_validate(CliContext& context, const std::vector<std::filesystem::path>& files);
ExitCode run_schema(CliContext& context, const std::string& kind);
ExitCode run_version(CliContext& context);

ExitCode run_ls(CliContext& context);
ExitCode run_status(CliContext& context, const std::string& name);
ExitCode run_logs(CliContext& context, const LogsArguments& arguments);
ExitCode run_events(CliContext& context, const EventsArguments& arguments);
ExitCode run_describe(CliContext& context, const std::string& name);
ExitCode run_top(CliContext& context, const TopArguments& arguments);
ExitCode run_tools(CliContext& context, const std::string& name);
ExitCode run_call(CliContext& context, const CallArguments& arguments);
ExitCode run_reload(CliContext& context);
ExitCode run_explain(CliContext& context, const std::string& code); // needs no daemon
ExitCode run_doctor(CliContext& context);
ExitCode run_completion(CliContext& context, const std::string& shell,
                        const std::vector<CompletionVerb>& verbs);
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
