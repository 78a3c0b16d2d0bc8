// JSON values compared by what they mean, not how they are written: "\u0065tc" is "etc", 1 is 1.0,
// the order of members does not matter. No precision is lost: numbers are compared as decimals.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::gateway {

// Both are valid JSON values (runtime::validate_json), at most runtime::json_depth_max deep.
bool json_equal(std::string_view a, std::string_view b);

// The one spelling of a number's value: "-125e-2" for -1.25 and -0.125e1. Empty if it is no number.
std::string number_spelling(std::string_view literal);

// The nearest double; out of range becomes infinity or zero. Empty if the literal is no number.
std::optional<double> number_value(std::string_view literal);

} // namespace gatehouse::gateway
