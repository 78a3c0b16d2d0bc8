// CliContext: what every verb gets: the global options, the two outputs, and how they may be
// written to. Data goes to `out`, everything else to `err`.
#pragma once

#include "gateway/cli/admin_client.hpp"
#include "gateway/cli/exit_code.hpp"
#include "gateway/cli/views.hpp"
#include "runtime/base/clock.hpp"
#include "runtime/base/result.hpp"

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>

namespace gatehouse::gateway {

enum class OutputFormat { table, wide, json, yaml, name };

struct GlobalOptions {
    std::filesystem::path config; // empty: ./gatehouse.yaml if there is one
    std::filesystem::path socket; // empty: found through the configuration
    OutputFormat format = OutputFormat::table;
};

struct CliContext {
    GlobalOptions options;
    std::ostream& out;
    std::ostream& err;
    bool out_is_terminal = false;
    bool out_colour = false; // a terminal, and NO_COLOR is not set
    bool err_colour = false;
    std::size_t out_width = 100; // the terminal's, at most 100
    WallTime now;

    TableStyle table_style() const {
        const bool wide = options.format == OutputFormat::wide;
        return {wide ? TableStyle::uncut : out_width, out_colour, out_is_terminal && !wide};
    }
    ViewStyle view_style() const {
        return {now, out_colour, out_is_terminal, out_width, options.format == OutputFormat::wide};
    }
    bool wants_value() const { // for a program, not for a person
        return options.format == OutputFormat::json || options.format == OutputFormat::yaml;
    }
};

// Looks at the terminal, the environment and the clock once.
CliContext make_cli_context(GlobalOptions options, std::ostream& out, std::ostream& err);

// "error: what (where) [CODE]", then why and what to do, each on its line.
void print_error(CliContext& context, const Error& error);
// print_error and the exit code that belongs to the error.
ExitCode fail_with(CliContext& context, const Error& error);
// The value as indented JSON, or as YAML if that is asked for.
void print_value(CliContext& context, const Json& json);
// One request; nothing after a failure, which is printed then, and its exit code kept.
std::optional<Json> ask_daemon(CliContext& context, const AdminRequest& request, ExitCode& code);
// The JSON of a GET below /api/v1/.
std::optional<Json> ask_daemon(CliContext& context, const std::string& resource, ExitCode& code);

// Whether standard output is a pipe that nobody reads any more.
bool output_is_abandoned();

// --config, else ./gatehouse.yaml. GH-C530: neither is there.
Result<std::filesystem::path> find_config(const GlobalOptions& options);
// --socket, else the configuration's listen.admin.
Result<AdminClient> connect_admin(const GlobalOptions& options);
// The data folder by the configuration.
Result<std::filesystem::path> find_data_folder(const GlobalOptions& options);

} // namespace gatehouse::gateway
