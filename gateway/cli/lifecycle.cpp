#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/views.hpp"

#include <array>
#include <ostream>

namespace gatehouse::gateway {

namespace {

// A drain, the stop and a slow start may all fall into one restart.
constexpr std::chrono::seconds verb_deadline{300};

void tell_drained(CliContext& context, std::uint64_t calls) {
    if (calls > 0) {
        context.err << calls << (calls == 1 ? " call was" : " calls were")
                    << " in flight: drained, or told what became of "
                    << (calls == 1 ? "it\n" : "them\n");
    }
}

} // namespace

ExitCode run_connector_verb(CliContext& context, ConnectorVerb verb, const std::string& name) {
    constexpr std::array<const char*, 4> words{"start", "stop", "restart", "wake"};
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
    if (verb == ConnectorVerb::stop || verb == ConnectorVerb::restart) {
        tell_drained(context, count_field(*answer, "in_flight_before"));
    }
    if (context.wants_value()) {
        print_value(context, *answer);
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
