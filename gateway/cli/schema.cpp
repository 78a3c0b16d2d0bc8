#include "gateway/cli/commands.hpp"
#include "gateway/config/schemas.hpp"

#include <ostream>

namespace gatehouse::gateway {

ExitCode run_schema(CliContext& context, const std::string& kind) {
    const std::string_view text = kind == "gateway" ? gateway_schema() : connector_schema();
    context.out << text << (text.ends_with('\n') ? "" : "\n");
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
