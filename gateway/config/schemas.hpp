// The JSON Schemas (draft 2020-12) of the two kinds of file, for editors: what `gatehouse schema`
// prints. They are manifests/*.schema.json, compiled in; a test holds their keys against the
// readers'.
#pragma once

#include <string_view>

namespace gatehouse::gateway {

std::string_view connector_schema();
std::string_view gateway_schema();

} // namespace gatehouse::gateway
