#include "gateway/cli/commands.hpp"
#include "gateway/cli/listing.hpp"
#include "gateway/cli/views.hpp"

namespace gatehouse::gateway {

ExitCode run_ls(CliContext& context) {
    const bool wide = context.options.format == OutputFormat::wide;
    return show_listing(context, {"connectors", wide ? wide_connectors_table : connectors_table,
                                  "no connectors: put a manifest into the manifests folder"});
}

} // namespace gatehouse::gateway
