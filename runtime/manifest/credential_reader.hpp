// Reader of the `credentials` part of a connector manifest. Part of the catalogue.
#pragma once

#include "runtime/manifest/connector_spec.hpp"
#include "runtime/manifest/field.hpp"

#include <string>

namespace gatehouse::runtime {

// Reads spec.credentials; spec.transport and env are read before.
void read_credentials(const Field& credentials, ConnectorSpec& spec);

// Why a secret may not be sent in a header of that name (malformed, or owned by HTTP or MCP);
// empty: it may.
std::string header_name_problem(const std::string& name);

} // namespace gatehouse::runtime
