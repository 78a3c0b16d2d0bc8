#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"
#include "gateway/cli/listing.hpp"
#include "gateway/cli/views.hpp"

#include <ostream>

namespace gatehouse::gateway {

ExitCode run_agent_create(CliContext& context, const std::string& name) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    Json wanted = Json::object();
    wanted["name"] = name;
    const std::string body = dump_json(wanted);
    AdminRequest request;
    request.method = "POST";
    request.target = "/api/v1/agents";
    request.body = body;
    const auto answer = client.value().request(request);
    if (!answer) {
        return fail_with(context, answer.error());
    }
    if (context.wants_value()) {
        print_value(context, *answer);
    } else {
        context.out << text_field(*answer, "token") << '\n';
    }
    context.err
        << "agent '" << name << "' created. This token is shown only this once.\n"
        << "Send it as `Authorization: Bearer TOKEN`; to take it back: gatehouse agent remove "
        << name << '\n'
        << "It sees the virtual servers whose audience names it.\n";
    return ExitCode::ok;
}

ExitCode run_agent_list(CliContext& context) {
    return show_listing(context,
                        {"agents", agents_table, "no agents yet: gatehouse agent create NAME"});
}

ExitCode run_agent_remove(CliContext& context, const std::string& name) {
    return remove_entry(context, "agents", name,
                        "agent '" + name + "' removed; its token is no longer accepted");
}

} // namespace gatehouse::gateway
