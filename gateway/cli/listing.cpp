#include "gateway/cli/listing.hpp"

#include "gateway/cli/json_field.hpp"

#include <ostream>

namespace gatehouse::gateway {

void print_listing(CliContext& context, const Json& answer, const Listing& listing) {
    const Json& list = member_field(answer, listing.collection.c_str());
    if (context.wants_value()) {
        print_value(context, answer);
    } else if (context.options.format == OutputFormat::name) {
        for (const Json& item : list) {
            context.out << escape_controls(text_field(item, "name")) << '\n';
        }
    } else if (list.empty()) {
        context.err << listing.empty_hint << '\n';
    } else {
        context.out << render_table(listing.to_table(list, context.now), context.table_style());
    }
}

ExitCode show_listing(CliContext& context, const Listing& listing) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    AdminRequest request;
    request.target = "/api/v1/" + listing.collection;
    const auto answer = client.value().request(request);
    if (!answer) {
        return fail_with(context, answer.error());
    }
    print_listing(context, *answer, listing);
    return ExitCode::ok;
}

ExitCode remove_entry(CliContext& context, const std::string& collection, const std::string& name,
                      const std::string& done) {
    const auto client = connect_admin(context.options);
    if (!client) {
        return fail_with(context, client.error());
    }
    AdminRequest request;
    request.method = "DELETE";
    request.target = "/api/v1/" + collection + "/" + name;
    const auto answer = client.value().request(request);
    if (!answer) {
        return fail_with(context, answer.error());
    }
    context.err << done << '\n';
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
