#include "gateway/cli/commands.hpp"

#include <ostream>

namespace gatehouse::gateway {

ExitCode run_version(CliContext& context) {
    if (context.options.format == OutputFormat::json) {
        Json json = Json::object();
        json["version"] = GATEHOUSE_VERSION;
        print_json(context, json);
    } else {
        context.out << "gatehouse " << GATEHOUSE_VERSION << '\n';
    }
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
