// The command line: finds the verb and its arguments (CLI11, in cli.cpp alone) and runs it.
#pragma once

#include "gateway/cli/commands.hpp"

#include <iosfwd>

namespace gatehouse::gateway {

struct CliHost {
    DaemonRunner run_daemon;
    std::ostream& out;
    std::ostream& err;
};

// The exit code of the process. GATEHOUSE_CONFIG and GATEHOUSE_SOCKET stand in for --config and
// --socket.
int run_cli(int argument_count, const char* const* arguments, const CliHost& host);

} // namespace gatehouse::gateway
