// How a virtual server writes a URI that belongs to several of its connectors: "notes+file:///a".
// Pure.
#pragma once

#include "runtime/base/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

// RFC 3986 section 3.1: a scheme begins with a letter, so a name that does not gets "x-" before it.
std::string namespaced_uri(const ConnectorName& connector, std::string_view uri);

// The connector's own URI; empty if it is not namespaced for this connector.
std::optional<std::string_view> uri_within_namespace(const ConnectorName& connector,
                                                     std::string_view uri);

} // namespace gatehouse::gateway
