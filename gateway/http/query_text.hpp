// The query of a request target, taken apart and put together. Pure.
#pragma once

#include "runtime/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::gateway {

// The pairs behind '?', in order, values percent-decoded; '+' is a blank. GH-N400: a broken escape.
using QueryPairs = std::vector<std::pair<std::string, std::string>>;
Result<QueryPairs> parse_query_pairs(std::string_view target);
// For a value of a query: everything but letters, digits and "-._~" as %XX.
std::string percent_encoded(std::string_view text);

} // namespace gatehouse::gateway
