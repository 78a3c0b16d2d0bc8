#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/views.hpp"

#include <array>
#include <ostream>

namespace gatehouse::gateway {

namespace {

// A drain, the stop and a slow start may all fall into one restart.
constexpr std::chrono::seconds verb_deadline{300};

} // namespace

ExitCode run_connector_verb(CliContext& context, ConnectorVerb verb, const std::string& name) {
    constexpr std::array<const char*, 3> words{"start", "stop", "restart"};
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    AdminRequest request;
    request.method = "POST";
    request.target = "/api/v1/connectors/" + name + "/" + words[static_cast<std::size_t>(verb)];
    request.deadline = verb_deadline;
    const auto answer = client.value().request(request);
    if (!answer) {
        const ExitCode code = fail_with(context, answer.error());
        return code == ExitCode::failed ? ExitCode::post_condition : code;
    }
    if (context.options.format == OutputFormat::json) {
        print_json(context, *answer);
    } else if (context.options.format == OutputFormat::name) {
        context.out << name << '\n';
    } else {
        const std::string health = shown_field(*answer, "health");
        context.out << name << "  " << tinted(health, tint_of_health(health), context.out_colour)
                    << "  (" << shown_field(*answer, "lifecycle") << ")\n";
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
