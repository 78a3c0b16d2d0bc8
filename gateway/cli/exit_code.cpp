#include "gateway/cli/exit_code.hpp"

namespace gatehouse::gateway {

ExitCode exit_code_of(const Error& error) {
    const auto is = [&error](auto... codes) { return ((error.code == codes) || ...); };
    if (is("GH-N404", "GH-A112")) {
        return ExitCode::not_found;
    }
    if (is("GH-N400", "GH-N405", "GH-C532")) {
        return ExitCode::usage;
    }
    if (is("GH-A111", "GH-N409")) {
        return ExitCode::conflict;
    }
    if (is("GH-A101")) {
        return ExitCode::sign_in_needed;
    }
    if (is("GH-N406", "GH-A130") || error.code.starts_with("GH-Z")) {
        return ExitCode::denied;
    }
    return is("GH-N503") ? ExitCode::unreachable : ExitCode::failed;
}

} // namespace gatehouse::gateway
