// No connector may be given a folder that holds what is the gateway's own: its data folder, its
// admin socket or its vault key. Looks at the disk only to resolve links.
#pragma once

#include "gateway/config/gateway_config.hpp"

namespace gatehouse::gateway {

// GH-C508 for each source folder that is, holds or lies in the data folder, or holds the admin
// socket or the vault key.
runtime::Issues check_private_places(const LoadedConfig& loaded);

} // namespace gatehouse::gateway
