// The façade over nlohmann/json for everything that is not on the hot path. Always parse foreign
// text with parse_json: it bounds depth and refuses duplicate keys, which the library does not.
#pragma once

#include "runtime/base/result.hpp"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gatehouse {

using Json = nlohmann::ordered_json;

// A tree of at most max_depth levels without duplicate keys. Errors: GH-M403 with the byte offset.
Result<Json> parse_json(std::string_view text, std::size_t max_depth = 64);

// Compact text; invalid UTF-8 is replaced, so it never throws.
std::string dump_json(const Json& json);

// The text as a JSON string literal with quotes; invalid UTF-8 is replaced.
std::string json_quote(std::string_view text);

} // namespace gatehouse
