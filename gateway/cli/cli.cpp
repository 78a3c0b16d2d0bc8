#include "gateway/cli/cli.hpp"

#include "gateway/cli/command_line.hpp"
#include "runtime/manifest/field.hpp"

#include <cerrno>
#include <map>
#include <memory>
#include <ostream>
#include <utility>

namespace gatehouse::gateway {

namespace {

// Names go into a path of the admin API, so only what a name can be is let through.
std::string name_problem(const std::string& text) {
    constexpr std::string_view allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    const bool fits =
        !text.empty() && text.size() <= 64 && text.find_first_not_of(allowed) == std::string::npos;
    return fits ? "" : "'" + escape_controls(text) + "' is not a name (letters, digits, '-')";
}

void add_global_options(CLI::App& app, CommandLine& line) {
    const std::map<std::string, OutputFormat> formats{{"table", OutputFormat::table},
                                                      {"wide", OutputFormat::wide},
                                                      {"json", OutputFormat::json},
                                                      {"yaml", OutputFormat::yaml},
                                                      {"name", OutputFormat::name}};
    app.add_option("-c,--config", line.global.config, "gateway file (default: ./gatehouse.yaml)")
        ->type_name("FILE")
        ->envname("GATEHOUSE_CONFIG");
    app.add_option("--socket", line.global.socket, "admin socket (default: by the gateway file)")
        ->type_name("PATH")
        ->envname("GATEHOUSE_SOCKET");
    app.add_option_function<std::string>(
           "-o,--output",
           [formats, &line](const std::string& word) {
               const auto found = formats.find(word);
               if (found == formats.end()) {
                   throw CLI::ValidationError(
                       "--output", "'" + word + "' is none of table, wide, json, yaml, name");
               }
               line.global.format = found->second;
           },
           "table, wide, json, yaml or name")
        ->type_name("FORMAT");
}

void add_file_verbs(CLI::App& app, CommandLine& line, const DaemonRunner& run_daemon) {
    choose(app.add_subcommand("serve", "Run the daemon in the foreground"), line,
           [run_daemon](CliContext& context) { return run_serve(context, run_daemon); });

    CLI::App* validate = app.add_subcommand("validate", "Check gateway files and manifests");
    validate->add_option("FILE", line.files, "files to check")->type_name("")->required();
    choose(validate, line,
           [&line](CliContext& context) { return run_validate(context, line.files); });

    CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of a kind of file");
    schema->add_option("KIND", line.schema_kind, "connector (default) or gateway")
        ->type_name("")
        ->check(CLI::IsMember({"connector", "gateway"}).description(""));
    choose(schema, line,
           [&line](CliContext& context) { return run_schema(context, line.schema_kind); });

    CLI::App* explain = app.add_subcommand("explain", "Say what a cause code means; all of them");
    explain->add_option("CODE", line.code, "like GH-P303")->type_name("");
    choose(explain, line, [&line](CliContext& context) { return run_explain(context, line.code); });

    choose(app.add_subcommand("version", "Print the version"), line, run_version);
}

// What the parser knows of one verb, and of the verbs below it.
void collect_verbs(const CLI::App* app, const std::string& before,
                   std::vector<CompletionVerb>& verbs) {
    const auto all = [](const CLI::App*) { return true; };
    for (const CLI::App* verb : app->get_subcommands(all)) {
        const std::string name = before + verb->get_name();
        if (!verb->get_subcommands(all).empty()) {
            collect_verbs(verb, name + " ", verbs);
            continue;
        }
        CompletionVerb known{name, verb->get_description(), {}, false, false};
        for (const CLI::Option* option : verb->get_options()) {
            for (const std::string& word : option->get_snames()) {
                known.options.push_back("-" + word);
            }
            for (const std::string& word : option->get_lnames()) {
                known.options.push_back("--" + word);
            }
            known.takes_connector |= option->get_description() == "connector";
            known.takes_file |= option->get_description() == "files to check";
        }
        verbs.push_back(std::move(known));
    }
}

void add_completion(CLI::App& app, CommandLine& line) {
    CLI::App* completion = app.add_subcommand("completion", "Print the completion of a shell");
    completion->add_option("SHELL", line.shell, "bash, zsh or fish")
        ->type_name("")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}).description(""));
    choose(completion, line, [&app, &line](CliContext& context) {
        std::vector<CompletionVerb> verbs;
        collect_verbs(&app, "", verbs);
        return run_completion(context, line.shell, verbs);
    });
}

struct NamedVerb {
    const char* word;
    const char* help;
    ExitCode (*run)(CliContext&, const std::string&);
};

void add_named_verb(CLI::App* group, CommandLine& line, const NamedVerb& verb) {
    CLI::App* command = group->add_subcommand(verb.word, verb.help);
    add_name(command, line, "name")->required();
    choose(command, line,
           [&line, run = verb.run](CliContext& context) { return run(context, line.name); });
}

void add_access_verbs(CLI::App& app, CommandLine& line) {
    CLI::App* agent = app.add_subcommand("agent", "Machine identities and their tokens");
    agent->require_subcommand(1);
    add_named_verb(agent, line,
                   {"create", "Create one and print its token once", run_agent_create});
    choose(agent->add_subcommand("list", "List them"), line, run_agent_list);
    add_named_verb(agent, line, {"remove", "Remove one; its token ends at once", run_agent_remove});

    CLI::App* secret = app.add_subcommand("secret", "Shared secrets in the vault");
    secret->require_subcommand(1);
    add_named_verb(secret, line, {"set", "Set one; the value is read from stdin", run_secret_set});
    choose(secret->add_subcommand("list", "List their names and versions"), line, run_secret_list);
    add_named_verb(secret, line, {"remove", "Remove one", run_secret_remove});
}

void add_audit_verbs(CLI::App& app, CommandLine& line) {
    CLI::App* audit = app.add_subcommand("audit", "The journal of who did what");
    audit->require_subcommand(1);
    CLI::App* tail = audit->add_subcommand("tail", "Show the newest records");
    tail->add_option("-n,--lines", line.audit.count, "records to show (default 20)")
        ->type_name("N")
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}).description(""));
    choose(tail, line,
           [&line](CliContext& context) { return run_audit_tail(context, line.audit); });
    CLI::App* verify = audit->add_subcommand("verify", "Prove that no record was changed");
    choose(verify, line,
           [&line](CliContext& context) { return run_audit_verify(context, line.audit); });
    for (CLI::App* command : {tail, verify}) {
        command->add_option("--data", line.audit.data, "data folder (default: by the gateway file)")
            ->type_name("DIR");
    }
}

// A full disk must not look like success; a reader that has seen enough (a closed pipe) needs no
// words.
ExitCode finish_output(const CliHost& host, ExitCode code) {
    errno = 0;
    host.out.flush();
    if (host.out.good() || code != ExitCode::ok) {
        return code;
    }
    if (errno != EPIPE) {
        host.err << "error: cannot write the output: " << errno_text(errno) << '\n';
    }
    return ExitCode::failed;
}

// CLI11 says of an unknown verb only that one is required.
std::string usage_problem(const CLI::App& app, const CLI::ParseError& problem) {
    const std::vector<std::string> extra = app.remaining();
    if (!app.get_subcommands().empty() || extra.empty() || extra.front().starts_with('-')) {
        return problem.what();
    }
    std::vector<std::string> names;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(verb->get_name());
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string near = runtime::nearest_word(extra.front(), views);
    return "there is no command '" + extra.front() + "'" +
           (near.empty() ? "" : ". Did you mean '" + near + "'?");
}

} // namespace

void choose(CLI::App* command, CommandLine& line, Verb verb) {
    command->callback([&line, verb = std::move(verb)] { line.chosen = verb; });
}

CLI::Option* add_name(CLI::App* command, CommandLine& line, const std::string& meaning) {
    return command->add_option("NAME", line.name, meaning)
        ->type_name("")
        ->check(CLI::Validator(name_problem, "", "name"));
}

int run_cli(int argument_count, const char* const* arguments, const CliHost& host) {
    CommandLine line;
    CLI::App app("Gatehouse hosts MCP connectors in sandboxes, behind one governed endpoint.",
                 "gatehouse");
    app.fallthrough();
    app.require_subcommand(1);
    add_global_options(app, line);
    add_file_verbs(app, line, host.run_daemon);
    add_connector_verbs(app, line);
    add_access_verbs(app, line);
    add_audit_verbs(app, line);
    add_completion(app, line);
    try {
        app.parse(argument_count, arguments);
    } catch (const CLI::Success& help) {
        return app.exit(help, host.out, host.err);
    } catch (const CLI::ParseError& problem) {
        host.err << "error: " << usage_problem(app, problem) << "\nSee `gatehouse --help`.\n";
        return static_cast<int>(ExitCode::usage);
    }
    CliContext context = make_cli_context(line.global, host.out, host.err);
    const ExitCode code = line.chosen(context);
    return static_cast<int>(finish_output(host, code));
}

} // namespace gatehouse::gateway
