#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

// Removed and changed connectors drain first.
constexpr std::chrono::seconds reload_deadline{300};

void print_names(CliContext& context, std::string_view mark, const Json& names, Tint tint) {
    for (const Json& name : names) {
        if (name.is_string()) {
            context.out << tinted(mark, tint, context.out_colour) << "  "
                        << escape_controls(name.get<std::string>()) << '\n';
        }
    }
}

} // namespace

ExitCode run_reload(CliContext& context) {
    AdminRequest request;
    request.method = "POST";
    request.target = "/api/v1/reload";
    request.deadline = reload_deadline;
    const auto client = connect_admin(context.options);
    if (!client) {
        // Where the gateway file itself is broken, the daemon would refuse it as well.
        const ExitCode code = fail_with(context, client.error());
        return client.error().code == "GH-C531" ? ExitCode::invalid_manifest : code;
    }
    const auto answer = client.value().request(request);
    if (!answer) {
        const ExitCode code = fail_with(context, answer.error());
        return answer.error().code.starts_with("GH-C5") ? ExitCode::invalid_manifest : code;
    }
    if (context.wants_value()) {
        print_value(context, *answer);
        return ExitCode::ok;
    }
    print_names(context, "added    ", member_field(*answer, "added"), Tint::good);
    print_names(context, "changed  ", member_field(*answer, "changed"), Tint::warn);
    print_names(context, "removed  ", member_field(*answer, "removed"), Tint::bad);
    const Json& unchanged = member_field(*answer, "unchanged");
    context.out << (unchanged.is_array() ? unchanged.size() : 0) << " unchanged\n";
    for (const Json& note : member_field(*answer, "notes")) {
        if (note.is_string()) {
            context.err << "note: " << escape_controls(note.get<std::string>()) << '\n';
        }
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
