// The parser's side of the command line: the arguments of all verbs, filled by CLI11, and the verb
// that was chosen. Only the two units that describe the verbs to the parser include it.
#pragma once

#include "gateway/cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace gatehouse::gateway {

using Verb = std::function<ExitCode(CliContext&)>;

struct CommandLine {
    GlobalOptions global;
    std::string name;
    std::string code;
    std::string shell;
    std::string schema_kind = "connector";
    std::vector<std::filesystem::path> files;
    LogsArguments logs;
    EventsArguments events;
    TopArguments top;
    CallArguments call;
    AuditArguments audit;
    Verb chosen;
};

void choose(CLI::App* command, CommandLine& line, Verb verb);
// A name that goes into a path of the admin API.
CLI::Option* add_name(CLI::App* command, CommandLine& line, const std::string& meaning);

// ls, status, describe, events, logs, start, stop, restart, wake, top, tools, call, reload, doctor.
void add_connector_verbs(CLI::App& app, CommandLine& line);

} // namespace gatehouse::gateway
