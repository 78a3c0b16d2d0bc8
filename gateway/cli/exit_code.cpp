#include "gateway/cli/exit_code.hpp"

namespace gatehouse::gateway {

ExitCode exit_code_of(const Error& error) {
    if (error.code == "GH-N404") {
        return ExitCode::not_found;
    }
    if (error.code == "GH-A111" || error.code == "GH-N409") {
        return ExitCode::conflict;
    }
    return error.code == "GH-N503" ? ExitCode::unreachable : ExitCode::failed;
}

} // namespace gatehouse::gateway
