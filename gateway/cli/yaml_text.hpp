// JSON values as YAML 1.2 block text for `-o yaml`: every text that could be read as something else
// is quoted, so that any YAML reader gives back the same value. Pure.
#pragma once

#include "runtime/base/json.hpp"

#include <string>
#include <string_view>

namespace gatehouse::gateway {

std::string yaml_text(const Json& json);
// Indented JSON; what would steer a terminal is escaped, which is the same JSON.
std::string shown_json_text(const Json& json);
// The JSON text with DEL, C1 controls and bidirectional overrides as \uXXXX.
std::string escape_json_controls(std::string_view json);

} // namespace gatehouse::gateway
