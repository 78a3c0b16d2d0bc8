#include "gateway/cli/commands.hpp"
#include "gateway/cli/listing.hpp"
#include "gateway/cli/views.hpp"

namespace gatehouse::gateway {

ExitCode run_ls(CliContext& context) {
    return show_listing(context, {"connectors", connectors_table,
                                  "no connectors: put a manifest into the manifests folder"});
}

} // namespace gatehouse::gateway
