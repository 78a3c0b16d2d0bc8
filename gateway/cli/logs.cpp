#include "gateway/cli/commands.hpp"
#include "gateway/cli/follow_loop.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/time_text.hpp"
#include "gateway/cli/yaml_text.hpp"
#include "gateway/http/query_text.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

// False once nobody reads the output any more (a closed pipe).
bool print_log_record(CliContext& context, const Json& record) {
    if (context.options.format == OutputFormat::json) {
        context.out << escape_json_controls(dump_json(record)) << '\n';
    } else if (context.options.format == OutputFormat::yaml) {
        context.out << "---\n" << yaml_text(record);
    } else {
        context.out << log_line_view(record, context.view_style()) << '\n';
    }
    return context.out.good();
}

// Pages one after the other until there is no more; one page if a number of lines was asked for.
ExitCode print_log_pages(CliContext& context, const AdminClient& client, const std::string& target,
                         bool all) {
    std::string after = all ? "0" : "";
    for (bool any = false;;) {
        AdminRequest request;
        request.target = target + (after.empty() ? "" : "&after=" + after);
        const auto page = client.request(request);
        if (!page) {
            return fail_with(context, page.error());
        }
        for (const Json& record : member_field(*page, "records")) {
            any = true;
            if (!print_log_record(context, record)) {
                return ExitCode::ok;
            }
        }
        if (member_field(*page, "truncated") == Json(true)) {
            context.err << "older lines are left out: a page has 4 MiB at most, and is looked for "
                           "5 s at most; narrow it with --since\n";
        }
        if (!all || member_field(*page, "more") != Json(true)) {
            context.err << (any ? "" : "no lines\n");
            return ExitCode::ok;
        }
        after = shown_field(*page, "next");
    }
}

void add_text(std::string& query, const char* key, const std::string& value) {
    if (!value.empty()) {
        query += std::string("&") + key + "=" + percent_encoded(value);
    }
}

// Whether the span of time, if both ends of it are given, is the wrong way round.
bool is_backwards(const LogsArguments& arguments, WallTime now) {
    const auto since = parse_time_argument(arguments.since, now);
    const auto until = parse_time_argument(arguments.until, now);
    return since && until && *since > *until;
}

// The time as the API takes it; false after an error, which is printed then.
bool add_time(CliContext& context, std::string& query, const char* key, const std::string& value) {
    if (value.empty()) {
        return true;
    }
    const auto time = parse_time_argument(value, context.now);
    if (!time) {
        print_error(context, time.error());
        return false;
    }
    add_text(query, key, rfc3339_text(*time));
    return true;
}

} // namespace

ExitCode run_logs(CliContext& context, const LogsArguments& arguments) {
    // Without a number, --since means everything from there on, and -f all that comes.
    const bool all = arguments.count == 0 && !arguments.since.empty();
    std::string query;
    if (!add_time(context, query, "since", arguments.since) ||
        !add_time(context, query, "until", arguments.until)) {
        return ExitCode::usage;
    }
    if (is_backwards(arguments, context.now)) {
        print_error(context, Error{"GH-N400", "no line can be in that time", "",
                                   "--since is later than --until", "Exchange them"});
        return ExitCode::usage;
    }
    if (arguments.follow && (arguments.previous || !arguments.until.empty())) {
        print_error(context, Error{"GH-N400", "nothing new can come", "",
                                   "-f goes on, --previous and --until end", "Leave one out"});
        return ExitCode::usage;
    }
    if (arguments.count > 0) {
        add_text(query, "n", std::to_string(arguments.count));
    } else if (all && !arguments.follow) {
        query += "&n=2000";
    }
    add_text(query, "instance", arguments.instance);
    add_text(query, "revision", arguments.revision);
    add_text(query, "level", arguments.level);
    add_text(query, "grep", arguments.grep);
    add_text(query, "call", arguments.call);
    add_text(query, "member", arguments.member);
    add_text(query, "stream", arguments.stream);
    query += arguments.previous ? "&previous=true" : "";
    const std::string target = "/api/v1/connectors/" + arguments.name +
                               "/logs?follow=" + (arguments.follow ? "true" : "false") + query;
    if (arguments.follow) {
        FollowRequest request{target, [&context](std::string_view type, const Json& data) {
                                  if (type == "gap") {
                                      context.err << shown_field(data, "missed")
                                                  << " lines are no longer there\n";
                                      return true;
                                  }
                                  return print_log_record(context, data);
                              }};
        return follow_loop(context, request);
    }
    const auto client = connect_admin(context.options);
    return client ? print_log_pages(context, client.value(), target, all)
                  : fail_with(context, client.error());
}

} // namespace gatehouse::gateway
