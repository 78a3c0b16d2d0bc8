#include "gateway/cli/commands.hpp"
#include "gateway/cli/json_field.hpp"

#include <ostream>

namespace gatehouse::gateway {

namespace {

// A part that this daemon cannot give is left out; the rest is worth showing all the same.
Json part_of(const AdminClient& client, const std::string& resource, const char* key) {
    AdminRequest request;
    request.target = "/api/v1/" + resource;
    const auto answer = client.request(request);
    return answer ? member_field(*answer, key) : Json(nullptr);
}

} // namespace

ExitCode run_describe(CliContext& context, const std::string& name) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    AdminRequest request;
    request.target = "/api/v1/connectors/" + name + "/detail";
    auto detail = client.value().request(request);
    if (!detail) {
        return fail_with(context, detail.error());
    }
    if (context.options.format == OutputFormat::name) {
        context.out << name << '\n';
        return ExitCode::ok;
    }
    const Json crashes = part_of(client.value(), "connectors/" + name + "/crashes", "crashes");
    const Json events = part_of(client.value(), "events?n=10&connector=" + name, "events");
    if (context.wants_value()) {
        (*detail)["crashes"] = crashes;
        (*detail)["events"] = events;
        print_value(context, *detail);
    } else {
        context.out << describe_view({*detail, crashes, events}, context.view_style());
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
