#include "gateway/cli/commands.hpp"

namespace gatehouse::gateway {

ExitCode run_serve(CliContext& context, const DaemonRunner& run_daemon) {
    const auto file = find_config(context.options);
    if (!file) {
        print_error(context, file.error());
        return ExitCode::usage;
    }
    return static_cast<ExitCode>(run_daemon(file.value()));
}

} // namespace gatehouse::gateway
