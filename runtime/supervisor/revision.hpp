// The revision of a connector: which manifest and which source folder it runs by.
#pragma once

#include "runtime/manifest/connector_spec.hpp"

#include <string>

namespace gatehouse::runtime {

// The first 8 hex digits of SHA-256 over the manifest's text and the path of the source.
std::string revision_of(const ConnectorSpec& spec);

} // namespace gatehouse::runtime
