#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/views.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

// False once nobody reads the output any more (a closed pipe).
bool print_log_record(CliContext& context, const Json& record) {
    if (context.options.format == OutputFormat::json) {
        context.out << dump_json(record) << '\n';
    } else {
        const ViewStyle style{context.now, context.out_colour, context.out_is_terminal};
        context.out << log_line_view(record, style) << '\n';
    }
    return context.out.good();
}

ExitCode print_log_page(CliContext& context, const AdminClient& client, const std::string& target) {
    AdminRequest request;
    request.target = target;
    const auto page = client.request(request);
    if (!page) {
        return fail_with(context, page.error());
    }
    for (const Json& record : member_field(*page, "records")) {
        if (!print_log_record(context, record)) {
            break;
        }
    }
    const Json& truncated = member_field(*page, "truncated");
    if (truncated.is_boolean() && truncated.get<bool>()) {
        context.err << "older lines are left out: the answer is limited to 4 MiB\n";
    }
    return ExitCode::ok;
}

ExitCode follow_logs(CliContext& context, const AdminClient& client, const std::string& target) {
    const auto on_line = [&context](std::string_view line) {
        if (line.empty()) {
            return !output_is_abandoned();
        }
        const auto record = parse_json(line, 8);
        const bool wanted = !record || print_log_record(context, *record);
        context.out.flush();
        return wanted && context.out.good();
    };
    const auto ended = client.stream(target + "&follow=true", on_line);
    if (!ended) {
        return fail_with(context, ended.error());
    }
    if (context.out.good()) {
        context.err << "the daemon ended the log stream\n";
    }
    return ExitCode::ok;
}

} // namespace

ExitCode run_logs(CliContext& context, const LogsArguments& arguments) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    const std::string target =
        "/api/v1/connectors/" + arguments.name + "/logs?n=" + std::to_string(arguments.count);
    return arguments.follow ? follow_logs(context, client.value(), target)
                            : print_log_page(context, client.value(), target);
}

} // namespace gatehouse::gateway
