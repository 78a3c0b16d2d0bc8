#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/views.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

constexpr int status_log_line_count = 10;

// The log's end below the facts. The daemon answered a moment ago, so a failure here is only told.
void print_status_logs(CliContext& context, const AdminClient& client, const std::string& name) {
    AdminRequest request;
    request.target =
        "/api/v1/connectors/" + name + "/logs?n=" + std::to_string(status_log_line_count);
    const auto page = client.request(request);
    if (!page) {
        print_error(context, page.error());
        return;
    }
    const Json& records = member_field(*page, "records");
    if (records.empty()) {
        return;
    }
    const ViewStyle style = context.view_style();
    context.out << "last log lines\n";
    for (const Json& record : records) {
        context.out << "  " << log_line_view(record, style) << '\n';
    }
}

// What the daemon's checks of itself and its host call failed; a connector's state is elsewhere.
Json failed_checks(const AdminClient& client) {
    AdminRequest request;
    request.target = "/api/v1/doctor";
    Json texts = Json::array();
    const auto answer = client.request(request);
    if (!answer) {
        return texts;
    }
    for (const Json& check : member_field(*answer, "checks")) {
        const std::string check_name = text_field(check, "name");
        if (text_field(check, "state") == "fail" && !check_name.starts_with("connector ")) {
            const std::string action = text_field(check, "action");
            texts.push_back(check_name + ": " + text_field(check, "text") +
                            (action.empty() ? "" : " → " + action));
        }
    }
    return texts;
}

} // namespace

ExitCode run_status(CliContext& context, const std::string& name) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    AdminRequest request;
    request.target = name.empty() ? "/api/v1/status" : "/api/v1/connectors/" + name;
    const auto answer = client.value().request(request);
    if (!answer) {
        return fail_with(context, answer.error());
    }
    const ViewStyle style = context.view_style();
    if (context.wants_value()) {
        print_value(context, *answer);
    } else if (context.options.format == OutputFormat::name) {
        context.out << (name.empty() ? "gatehouse" : name) << '\n';
    } else if (name.empty()) {
        Json daemon = *answer;
        daemon["failed_checks"] = failed_checks(client.value());
        context.out << daemon_view(daemon, style);
    } else {
        context.out << connector_view(*answer, style);
        print_status_logs(context, client.value(), name);
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
