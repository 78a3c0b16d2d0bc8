// The JSON Schemas (2020-12) of the two kinds of files, for editors. They say what a single file can
// show; what needs the disk or the other files, `gatehouse validate` checks.
#pragma once

#include <string_view>

namespace gatehouse::gateway {

std::string_view connector_schema_text();
std::string_view gateway_schema_text();

} // namespace gatehouse::gateway
