// The capabilities of a virtual server: the union of its connectors', cut by what is exposed. Pure.
#pragma once

#include "gateway/config/gateway_config.hpp"
#include "gateway/mcp/protocol.hpp"
#include "runtime/catalogue.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::gateway {

struct CapabilitySource {
    const ExposedConnector* connector = nullptr;
    std::shared_ptr<const runtime::Catalogue> catalogue; // null: never seen
};

// Raw JSON of ServerCapabilities for clients of this era. listChanged is always true, because the
// gateway itself sees what changes. Task support is told per era, as the two eras' tasks differ:
// `tasks` only to 2025-11-25 (version empty: that one). Extensions likewise: of connectors of the
// client's era.
std::string served_capabilities(const std::vector<CapabilitySource>& sources, Era era,
                                std::string_view version);

} // namespace gatehouse::gateway
