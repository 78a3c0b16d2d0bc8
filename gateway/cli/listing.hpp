// The lists that the daemon gives (connectors, agents, secrets), in the asked output format, and
// the removal of one of their entries.
#pragma once

#include "gateway/cli/context.hpp"

#include <string>

namespace gatehouse::gateway {

struct Listing {
    std::string collection; // "connectors": the resource's path segment and the key of its list
    Table (*to_table)(const Json& list, WallTime now);
    std::string empty_hint; // for stderr when there is nothing
};

ExitCode show_listing(CliContext& context, const Listing& listing);
// The list as table or as names.
void print_listing(CliContext& context, const Json& answer, const Listing& listing);
// Removes one entry of a collection; `done` is said on stderr when it is gone.
ExitCode remove_entry(CliContext& context, const std::string& collection, const std::string& name,
                      const std::string& done);

} // namespace gatehouse::gateway
