// The verbs that concern connectors, as the parser knows them.
#include "gateway/cli/command_line.hpp"

#include <array>
#include <utility>

namespace gatehouse::gateway {

namespace {

void add_count(CLI::App* command, std::size_t& count, const std::string& meaning) {
    command->add_option("-n,--lines", count, meaning)
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000}).description(""));
}

void add_word(CLI::App* command, const char* option, std::string& word, const char* meaning) {
    command->add_option(option, word, meaning)->type_name("");
}

void add_logs(CLI::App& app, CommandLine& line) {
    CLI::App* logs = app.add_subcommand("logs", "Show what a connector wrote");
    LogsArguments& given = line.logs;
    add_name(logs, line, "connector")->required();
    logs->add_flag("-f,--follow", given.follow, "go on, over restarts of the daemon");
    add_count(logs, given.count, "newest lines (default 100; with --since: all)");
    add_word(logs, "--since", given.since, "from 10m ago, or from 2026-11-25T08:00:00Z");
    add_word(logs, "--until", given.until, "up to then");
    logs->add_flag("--previous", given.previous, "of the instance before the newest");
    add_word(logs, "--instance", given.instance, "of that instance");
    add_word(logs, "--revision", given.revision, "while that revision was in force");
    add_word(logs, "--level", given.level, "warning and worse, for example");
    add_word(logs, "--grep", given.grep, "lines that match a regular expression (RE2)");
    add_word(logs, "--call", given.call, "while that call was in flight");
    add_word(logs, "--member", given.member, "of that member's instances");
    add_word(logs, "--stream", given.stream,
             "stderr, stdout_noise, supervisor, mcp, probe, egress");
    choose(logs, line, [&line](CliContext& context) {
        line.logs.name = line.name;
        return run_logs(context, line.logs);
    });
}

void add_events(CLI::App& app, CommandLine& line) {
    CLI::App* events = app.add_subcommand("events", "Show what happened, to one or to all");
    EventsArguments& given = line.events;
    add_name(events, line, "connector");
    events->add_flag("-f,--follow", given.follow, "go on, over restarts of the daemon");
    add_count(events, given.count, "newest events (default 100; with --since: all)");
    add_word(events, "--since", given.since, "from 10m ago, or from 2026-11-25T08:00:00Z");
    add_word(events, "--kind", given.kind, "health, lifecycle, exit, restart, verb, config, …");
    choose(events, line, [&line](CliContext& context) {
        line.events.name = line.name;
        return run_events(context, line.events);
    });
}

void add_changes(CLI::App& app, CommandLine& line) {
    constexpr std::array<std::pair<const char*, ConnectorVerb>, 4> verbs{
        {{"start", ConnectorVerb::start},
         {"stop", ConnectorVerb::stop},
         {"restart", ConnectorVerb::restart},
         {"wake", ConnectorVerb::wake}}};
    for (const auto& [word, verb] : verbs) {
        const std::string text = verb == ConnectorVerb::wake
                                     ? "Start a connector that sleeps and wait until it is ready"
                                     : std::string(1, static_cast<char>(word[0] - 32)) +
                                           (word + 1) + " a connector and wait until it is so";
        CLI::App* command = app.add_subcommand(word, text);
        add_name(command, line, "connector")->required();
        choose(command, line, [&line, chosen = verb](CliContext& context) {
            return run_connector_verb(context, chosen, line.name);
        });
    }
    choose(app.add_subcommand("reload", "Apply changed manifests, touching only what changed"),
           line, run_reload);
}

void add_tool_verbs(CLI::App& app, CommandLine& line) {
    CLI::App* tools = app.add_subcommand("tools", "List the tools of a connector");
    add_name(tools, line, "connector")->required();
    choose(tools, line, [&line](CliContext& context) { return run_tools(context, line.name); });

    CLI::App* call = app.add_subcommand("call", "Call a tool of a connector; it is journalled");
    add_name(call, line, "connector")->required();
    call->add_option("TOOL", line.call.tool, "as the connector names it")
        ->type_name("")
        ->required();
    add_word(call, "--json", line.call.json, "arguments: a JSON object, @FILE, or - for stdin");
    add_word(call, "--as", line.call.as_agent, "as this agent, by the policy that holds for it");
    choose(call, line, [&line](CliContext& context) {
        line.call.name = line.name;
        return run_call(context, line.call);
    });
}

} // namespace

void add_connector_verbs(CLI::App& app, CommandLine& line) {
    choose(app.add_subcommand("ls", "List the connectors and how they are"), line, run_ls);

    CLI::App* status = app.add_subcommand("status", "Show the daemon, or one connector in short");
    add_name(status, line, "connector");
    choose(status, line, [&line](CliContext& context) { return run_status(context, line.name); });

    CLI::App* describe = app.add_subcommand("describe", "Show everything about one connector");
    add_name(describe, line, "connector")->required();
    choose(describe, line,
           [&line](CliContext& context) { return run_describe(context, line.name); });

    add_events(app, line);
    add_logs(app, line);
    add_changes(app, line);

    CLI::App* top = app.add_subcommand("top", "Show what the connectors use, again and again");
    top->add_option("--sort", line.top.sort, "cpu (default), mem or calls")
        ->type_name("")
        ->check(CLI::IsMember({"cpu", "mem", "calls"}).description(""));
    top->add_flag("--once", line.top.once, "once");
    choose(top, line, [&line](CliContext& context) { return run_top(context, line.top); });

    add_tool_verbs(app, line);
    choose(app.add_subcommand("doctor", "Check the daemon, its host and its connectors"), line,
           run_doctor);
}

} // namespace gatehouse::gateway
