#include "gateway/cli/commands.hpp"

#include <ostream>

namespace gatehouse::gateway {

ExitCode run_version(CliContext& context) {
    if (context.wants_value()) {
        Json json = Json::object();
        json["version"] = GATEHOUSE_VERSION;
        print_value(context, json);
    } else {
        context.out << "gatehouse " << GATEHOUSE_VERSION << '\n';
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
