#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/listing.hpp"
#include "gateway/cli/secret_input.hpp"
#include "gateway/cli/views.hpp"

#include <ostream>
#include <unistd.h>

namespace gatehouse::gateway {

ExitCode run_secret_set(CliContext& context, const std::string& name) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    const auto value = read_secret_value(STDIN_FILENO, name, context.err);
    if (!value) {
        print_error(context, value.error());
        return ExitCode::usage;
    }
    AdminRequest request;
    request.method = "PUT";
    request.target = "/api/v1/secrets/" + name;
    request.body = value.value().reveal();
    const auto answer = client.value().request(request);
    if (!answer) {
        return fail_with(context, answer.error());
    }
    if (context.wants_value()) {
        print_value(context, *answer);
    } else {
        context.err << "secret '" << name << "' set, version " << shown_field(*answer, "version")
                    << "; running connectors that use it restart\n";
    }
    return ExitCode::ok;
}

ExitCode run_secret_list(CliContext& context) {
    return show_listing(
        context, {"secrets", secrets_table, "no secrets yet: gatehouse secret set NAME < FILE"});
}

ExitCode run_secret_remove(CliContext& context, const std::string& name) {
    return remove_entry(context, "secrets", name,
                        "secret '" + name + "' removed; connectors that need it no longer start");
}

} // namespace gatehouse::gateway
