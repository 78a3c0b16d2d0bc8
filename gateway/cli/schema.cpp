#include "gateway/cli/commands.hpp"
#include "gateway/cli/schema_text.hpp"

#include <ostream>

namespace gatehouse::gateway {

ExitCode run_schema(CliContext& context, const std::string& kind) {
    context.out << (kind == "gateway" ? gateway_schema_text() : connector_schema_text());
    return ExitCode::ok;
}

} // namespace gatehouse::gateway
