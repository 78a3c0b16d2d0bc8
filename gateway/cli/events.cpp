#include "gateway/cli/commands.hpp"
#include "gateway/cli/follow_loop.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/yaml_text.hpp"
#include "gateway/http/query_text.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

bool print_event(CliContext& context, const Json& event) {
    if (context.options.format == OutputFormat::json) {
        context.out << escape_json_controls(dump_json(event)) << '\n';
    } else if (context.options.format == OutputFormat::yaml) {
        context.out << "---\n" << yaml_text(event);
    } else {
        context.out << event_line_view(event, context.view_style()) << '\n';
    }
    return context.out.good();
}

// Nothing happened, which is no answer for a name that nobody has. (What is gone may have events.)
ExitCode say_no_events(CliContext& context, const std::string& name) {
    ExitCode code = ExitCode::ok;
    if (!name.empty() && !ask_daemon(context, "connectors/" + name, code)) {
        return code;
    }
    context.err << "no events\n";
    return ExitCode::ok;
}

ExitCode print_event_pages(CliContext& context, const std::string& resource, bool all,
                           const std::string& name) {
    ExitCode code = ExitCode::ok;
    std::string after = all ? "0" : "";
    for (std::size_t shown = 0;;) {
        const auto page =
            ask_daemon(context, resource + (after.empty() ? "" : "&after=" + after), code);
        if (!page) {
            return code;
        }
        for (const Json& event : member_field(*page, "events")) {
            ++shown;
            if (!print_event(context, event)) {
                return ExitCode::ok;
            }
        }
        if (!all || member_field(*page, "more") != Json(true)) {
            return shown == 0 ? say_no_events(context, name) : ExitCode::ok;
        }
        after = shown_field(*page, "next");
    }
}

} // namespace

ExitCode run_events(CliContext& context, const EventsArguments& arguments) {
    const bool all = arguments.count == 0 && !arguments.since.empty();
    std::string resource = std::string("events?follow=") + (arguments.follow ? "true" : "false");
    if (!arguments.since.empty()) {
        const auto since = parse_time_argument(arguments.since, context.now);
        if (!since) {
            print_error(context, since.error());
            return ExitCode::usage;
        }
        resource += "&since=" + percent_encoded(rfc3339_text(*since));
    }
    if (arguments.count > 0) {
        resource += "&n=" + std::to_string(arguments.count);
    } else if (all && !arguments.follow) {
        resource += "&n=1000";
    }
    resource += arguments.name.empty() ? "" : "&connector=" + percent_encoded(arguments.name);
    resource += arguments.kind.empty() ? "" : "&kind=" + percent_encoded(arguments.kind);
    if (!arguments.follow) {
        return print_event_pages(context, resource, all, arguments.name);
    }
    const FollowRequest request{
        "/api/v1/" + resource,
        [&context](std::string_view, const Json& event) { return print_event(context, event); }};
    return follow_loop(context, request);
}

} // namespace gatehouse::gateway
