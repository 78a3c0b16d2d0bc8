#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

Json check_json(const char* name, const char* state, std::string text, std::string action) {
    Json json = Json::object();
    json["name"] = name;
    json["state"] = state;
    json["text"] = std::move(text);
    json["action"] = std::move(action);
    return json;
}

Json version_check(const std::string& daemon_version) {
    const bool equal = daemon_version == GATEHOUSE_VERSION;
    return check_json("version", equal ? "ok" : "warn",
                      equal ? "command and daemon are " + daemon_version
                            : "the command is " GATEHOUSE_VERSION ", the daemon " + daemon_version,
                      equal ? "" : "Restart the daemon, or use the command that came with it");
}

Json error_check(const char* name, const Error& error) {
    return check_json(name, "fail",
                      error.what + (error.why.empty() ? "" : ": " + error.why) + " [" + error.code +
                          "]",
                      error.action);
}

// The checks made here, then the daemon's own; only the first if no daemon answers.
Json gather_checks(const CliContext& context) {
    Json checks = Json::array();
    const auto client = connect_admin(context.options);
    if (!client) {
        checks.push_back(error_check("gateway file", client.error()));
        return checks;
    }
    AdminRequest request;
    request.target = "/api/v1/status";
    const auto status = client.value().request(request);
    if (!status) {
        checks.push_back(error_check("daemon", status.error()));
        return checks;
    }
    checks.push_back(check_json("daemon", "ok",
                                "answers, pid " + shown_field(*status, "pid") + ", at " +
                                    shown_field(*status, "endpoint"),
                                ""));
    checks.push_back(version_check(text_field(*status, "version")));
    request.target = "/api/v1/doctor";
    const auto own = client.value().request(request);
    if (!own) {
        checks.push_back(error_check("checks", own.error()));
        return checks;
    }
    for (const Json& check : member_field(*own, "checks")) {
        checks.push_back(check);
    }
    return checks;
}

} // namespace

ExitCode run_doctor(CliContext& context) {
    const Json checks = gather_checks(context);
    std::size_t failed = 0;
    std::size_t warned = 0;
    for (const Json& check : checks) {
        const std::string state = text_field(check, "state");
        failed += state == "fail" ? 1 : 0;
        warned += state == "warn" ? 1 : 0;
    }
    if (context.wants_value()) {
        Json json = Json::object();
        json["ok"] = failed == 0;
        json["checks"] = checks;
        print_value(context, json);
    } else if (context.options.format == OutputFormat::name) {
        for (const Json& check : checks) {
            context.out << escape_controls(text_field(check, "name")) << '\n';
        }
    } else {
        // What to do is said in full also where no terminal shows it: over ssh, in a ticket.
        TableStyle style = context.table_style();
        style.fold = style.width != TableStyle::uncut;
        context.out << render_table(doctor_table(checks), style);
        context.err << failed << " failed, " << warned << " to look at, "
                    << checks.size() - failed - warned << " well\n";
    }
    return failed == 0 ? ExitCode::ok : ExitCode::failed;
}

} // namespace gatehouse::gateway
